/** What the client at the other end of a faulty answer should notice. */
export type Fault = 'refusal' | 'silent-close' | 'gap';

/** What a client counted. Null: it does not tell. */
export interface ClientReport {
  eventCount: number | null;
  /** Answers 429. */
  refusalCount: number | null;
  /** Streams that the server ended without an `event: close`. */
  closeCount: number | null;
  /** Places in a stream where an id is missing. */
  gapCount: number | null;
}

/** Whose work it is that a fault is noticed: the tool's, or that of the script that its user has to write. */
export type Noticing = 'built in' | 'own code' | 'not told';

export interface Job {
  url: string;
  streamCount: number;
  /** For tools that can't be stopped: how long to hold the streams, counted from their start. */
  holdSeconds: number;
}

export interface Command {
  file: string;
  args: string[];
  env?: Record<string, string>;
  cwd?: string;
}

export interface ChildOutput {
  /** Null: ended by a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A contender that is there and can be run. */
export interface InstalledContender {
  version: string;
  command(job: Job): Command | Promise<Command>;
  /** The signal at which it ends and reports; null: it ends by itself after `holdSeconds`. */
  stopSignal: 'SIGTERM' | 'SIGINT' | null;
  /** How long after an answer it may take to print what it made of it. */
  reportsWithinMs: number;
  /** Reads what it printed. @throws Error when that is not what it prints. */
  read(output: ChildOutput): ClientReport;
}

export interface Contender {
  name: string;
  /** How it was used, for the reader of the table. */
  describes: string;
  noticing: Record<Fault, Noticing>;
  /** Makes it ready below `peersDir`. @throws Error, whose message is one line for the table. */
  install(peersDir: string): Promise<InstalledContender>;
}
