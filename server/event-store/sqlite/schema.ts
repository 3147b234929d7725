/**
 * Each brings a database from the version of its index to the next one (`PRAGMA user_version`). What was released is never
 * changed: a further one is added.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE workflows (
    workflow INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- Bytes of all lines so far, each with its newline: those that were skipped and those that were archived included.
    end_id INTEGER NOT NULL DEFAULT 0,
    -- Id of the last event that was archived.
    archived_id INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  -- One tree, in the order in which streams read it: the last thousand events of a workflow lie side by side.
  CREATE TABLE events (
    workflow INTEGER NOT NULL,
    id INTEGER NOT NULL,
    type TEXT,
    -- Milliseconds since 1970. REAL: a time may have a fraction; whole numbers are stored as such all the same.
    at_ms REAL,
    line TEXT NOT NULL,
    PRIMARY KEY (workflow, id)
  ) WITHOUT ROWID, STRICT;

  CREATE INDEX events_of_type ON events (workflow, type, id, at_ms) WHERE type IS NOT NULL;

  -- Up to 4,096 events in a row, or 1 MiB of them, and the times between which they were made. Pages come in the order of the ids and not of
  -- the times, so an index of the times would lead to a sort: this one tells what to pass over. Of the first one some events
  -- may be in the archive.
  CREATE TABLE time_blocks (
    workflow INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    event_count INTEGER NOT NULL,
    -- Null: no event of it has a time.
    from_ms REAL,
    to_ms REAL,
    PRIMARY KEY (workflow, last_id)
  ) WITHOUT ROWID, STRICT;

  CREATE TABLE event_keys (
    workflow INTEGER NOT NULL,
    key TEXT NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (workflow, key)
  ) WITHOUT ROWID, STRICT;

  -- Runs of archived events: gzip of lines, each its id, a tab, and the event.
  CREATE TABLE archived_runs (
    workflow INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    event_count INTEGER NOT NULL,
    lines BLOB NOT NULL,
    PRIMARY KEY (workflow, last_id)
  ) STRICT;

  CREATE TABLE disk_use (archived_bytes INTEGER NOT NULL) STRICT;
  INSERT INTO disk_use VALUES (0);
  `,
];

/**
 * A time block ends with so many events, or so many bytes of lines: to look at all of it takes some 2 ms. Ten million events make
 * some thousand blocks.
 */
export const TIME_BLOCK_EVENTS = 4096;
export const TIME_BLOCK_BYTES = 1024 * 1024;
