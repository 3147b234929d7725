import type { EventLog } from '../event-log/types.ts';

/** One event of a workflow. */
export interface StoredEvent {
  /**
   * The `id:` of the event in a stream: bytes of all lines of the workflow up to here, each with its newline, those that were
   * archived included. It grows from event to event, is never given twice, and is the same in every store that took the same
   * lines.
   */
  id: number;
  /** One JSON text in UTF-8, without a line end. */
  line: Buffer;
}

/** Which events of a workflow are asked for. */
export interface EventQuery {
  /** Milliseconds since 1970: events made at this moment or later; events without a time do not count. */
  sinceMs?: number;
  /** Milliseconds since 1970: events made before this moment. */
  untilMs?: number;
  /** Events of this type. */
  type?: string;
  /** Events at most. */
  limit: number;
  /** `newer`: the oldest events behind `after`, oldest first; `older`: the newest ones before `before`, newest first. */
  direction: 'newer' | 'older';
  /** Id that the events lie behind (`newer`) or before (`older`), itself left out; null: from the end that the direction starts at. */
  from: number | null;
}

/** A line to be stored. */
export interface NewEvent {
  /** One JSON text in UTF-8, without a line end. */
  line: Buffer;
  /** The same key of the same workflow is stored once, whoever sends it and however often. */
  key?: string;
}

export interface AppendResult {
  /** Ids, in the order of the events; of one that was stored before, the id that it got then. */
  ids: number[];
  /** How many of them were stored before. */
  duplicateCount: number;
}

export interface ArchiveResult {
  workflowCount: number;
  eventCount: number;
  bytes: number;
}

/** What the store takes on the disk. */
export interface DiskUse {
  /** Events that streams and readers are served from. */
  liveBytes: number;
  /** Events that were archived. */
  archivedBytes: number;
}

/**
 * Where the events of all workflows are: followed by streams (`EventLog`), read page by page, added to, and archived.
 * Nothing here holds more than one page, or one batch, in memory.
 */
export interface EventStore extends EventLog {
  /** Events in the order of the query, each read as it is asked for. Ends early where there are no more. */
  read(workflowId: string, query: EventQuery): AsyncIterable<StoredEvent>;
  /** Resolves once the events would survive a power cut; all of them are stored, or none. Rejects where they cannot be. */
  append(workflowId: string, events: readonly NewEvent[]): Promise<AppendResult>;
  /**
   * Moves events made before the moment into the archive: of each workflow its first ones, up to the last one that says so and has
   * none in front of it that was made at the moment or later. An event without a time goes where the ones around it go.
   *
   * What is archived has left the history: no stream gets it any more, neither as one of its last N nor behind an id, and `read` does
   * not give it. The others keep their ids. An id in the archived part is no misfit: the stream goes on with the first event that is
   * left, without `reset`, and so does `read`. A key of an archived event stays taken. Killed at any moment, no event is lost or
   * there twice.
   */
  archiveOlderThan(beforeMs: number): Promise<ArchiveResult>;
  diskUse(): Promise<DiskUse>;
}
