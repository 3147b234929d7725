import type { BehaviourName } from '../model.ts';

/** A stream that got in, was open for this long and received nothing is counted as silent. */
export const SILENT_MS = 4000;

/** They leave before an answer comes, or do not read it: that they have heard none says nothing of the server. */
export const hearsNothing: ReadonlySet<BehaviourName> = new Set([
  'drop-before-first-byte',
  'request-then-silence',
]);
