import type { GeneratorHealth, JournalEntry, LoadPlan, ProtocolPlan, RemoteTarget } from '../model.ts';

/** What a worker needs to know. Sent over its channel and never in arguments: headers can be secrets. */
export interface WorkerOrder {
  plan: LoadPlan;
  share: { index: number; count: number };
  scenario: string;
  phase: string;
  /** Wall-clock milliseconds at which all workers begin. */
  beginsAtMs: number;
  /** Stream URL with `{key}` left to fill. */
  url: string;
  keyTemplate: string;
  keySeed: number;
  firstKeyNumber: number;
  /** Slots on one key. */
  slotsPerKey: number;
  headers: Record<string, string>;
  protocol: ProtocolPlan;
  eventTime: string | null;
  /** Source addresses that this worker uses for itself; 0: the system's choice. */
  addressCount: number;
  /** Where the addresses of this run begin (source-addresses.ts). */
  firstAddress: number;
  randomSeed: number;
  /** Where else than to loopback it may go, if anywhere. */
  remote: RemoteTarget | null;
  roomCount: number;
}

export type ToWorker =
  | { type: 'order'; order: WorkerOrder }
  /** Closes the books of the phase before. */
  | { type: 'phase'; phase: string }
  | { type: 'stop' };

export interface WorkerCounts {
  plannedCount: number;
  startedCount: number;
  missedCount: number;
  openCount: number;
  heldCount: number;
  eventCount: number;
  /** Places that clients have been on, resting ones included. */
  slotCount: number;
}

export type FromWorker =
  /** Loaded, and waiting for its order. */
  | { type: 'ready' }
  | { type: 'counts'; counts: WorkerCounts; health: GeneratorHealth }
  | { type: 'entry'; entry: JournalEntry }
  /** Everything is closed and told. */
  | { type: 'done' };
