import { ChunkReader } from './chunk-reader.ts';
import type { Protocol } from './protocol.ts';
import { responseKind } from './response-kind.ts';

/** Whatever a server sends in pieces: a chunk of HTTP/1.1 is an event, as for a page that shows text as it comes. */
export const chunked: Protocol = {
  name: 'chunked',
  describes: 'a response in chunks of any type: each chunk is an event',
  transport: 'http/1.1',
  headers: { Accept: '*/*' },
  judge: (head) => responseKind(head, null),
  createReader: (options) => new ChunkReader(options),
  // Chunks came with HTTP/1.1.
  lacks: new Set(['http-1.0']),
};
