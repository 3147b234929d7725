import type { ProtocolName } from '../model.ts';
import { chunked } from './chunked.ts';
import { ndjson } from './ndjson.ts';
import type { Protocol } from './protocol.ts';
import { sse } from './sse.ts';
import { sseH2 } from './sse-h2.ts';
import { ssePost } from './sse-post.ts';
import { websocket } from './websocket.ts';

/** Every protocol by its name. A new one is a file, its name in the model, and a line here. */
export const protocols: Record<ProtocolName, Protocol> = {
  sse,
  'sse-post': ssePost,
  ndjson,
  chunked,
  websocket,
  'sse-h2': sseH2,
};
