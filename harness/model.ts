/**
 * The words that all parts of hydrotest share, as types. No code lives here.
 *
 * Units are part of a name: `…Bytes`, `…Ms` (milliseconds), `…Count`. Monotonic time since the run began is
 * `elapsedMs`; wall-clock time is `…At`, an ISO 8601 string. `null` always means "could not be read" or "did
 * not happen", never zero.
 */
export type * from './model/browser.ts';
export type * from './model/comparison.ts';
export type * from './model/config.ts';
export type * from './model/environment.ts';
export type * from './model/journal.ts';
export type * from './model/load.ts';
export type * from './model/outcome.ts';
export type * from './model/probes.ts';
export type * from './model/protocol.ts';
export type * from './model/remote.ts';
export type * from './model/scenario.ts';
export type * from './model/streams.ts';
export type * from './model/verdict.ts';
