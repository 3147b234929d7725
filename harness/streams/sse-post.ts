import type { Protocol } from './protocol.ts';
import { sse } from './sse.ts';

/** Server-Sent Events as the answer to a POST, as the APIs of language models, MCP and GraphQL have them. */
export const ssePost: Protocol = {
  ...sse,
  name: 'sse-post',
  describes: 'Server-Sent Events as the answer to a POST with a body (LLM APIs, MCP, GraphQL)',
  headers: { Accept: 'text/event-stream', 'Content-Type': 'application/json' },
};
