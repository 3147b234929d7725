import type { ServerParts } from '../parts.ts';
import type { Protocol } from '../transport.ts';

/** A deliberate defect: what a test of this server must find, and what the good server must not show. */
export interface Fault {
  name: string;
  /** One sentence: what goes wrong. */
  breaks: string;
  /** Which scenario brings it out, and which check must then fail. */
  caughtBy: { scenario: string; check: string };
  /** The protocol to which it belongs; without it, all of them show it. */
  only?: Protocol;
  /** The parts with at least one of them replaced by a defective one. */
  apply(parts: ServerParts): ServerParts;
}
