import { LineReader } from './line-reader.ts';
import type { Protocol } from './protocol.ts';
import { responseKind } from './response-kind.ts';

/** A JSON text on each line. With a body it is a POST. */
export const ndjson: Protocol = {
  name: 'ndjson',
  describes: 'newline-delimited JSON: each line that is not empty is an event',
  transport: 'http/1.1',
  headers: { Accept: 'application/x-ndjson, application/jsonl, application/json' },
  judge: (head) => responseKind(head, null),
  createReader: (options) => new LineReader(options),
  lacks: new Set(),
};
