import type { BehaviourName } from '../model.ts';

/** They leave before an answer comes, or do not read it: that they have heard none says nothing of the server. */
export const hearsNothing: ReadonlySet<BehaviourName> = new Set([
  'drop-before-first-byte',
  'request-then-silence',
]);
