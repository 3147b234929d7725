import type { ProtocolPlan } from './model.ts';
import { prepareChat } from './preset-chat.ts';
import { prepareGraphql } from './preset-graphql.ts';
import type { ProtocolOptions } from './protocol-options.ts';

/** Asks a target that runs, by a short request to the URL; resolves with the body of a 200. */
export type Ask = (url: string, request?: { body?: string }) => Promise<string>;

/** A kind of server of which enough is known that its URL will do. */
export interface Preset {
  /** One line for people. */
  describes: string;
  options: ProtocolOptions;
  session?: ProtocolPlan['session'];
  /** What has to be asked of the target first, where the user did not say it. Throws `usage` where it does not tell. */
  prepare?(plan: ProtocolPlan, url: string, ask: Ask): Promise<ProtocolPlan>;
}

export const presets = {
  'llm-chat': {
    describes: 'chat completions as OpenAI streams them: POST with "stream": true, ends with [DONE]',
    options: { protocol: 'sse-post', endEvent: 'data:[DONE]', finite: true },
    prepare: prepareChat,
  },
  mcp: {
    describes: 'Model Context Protocol over streamable HTTP: initialize, a session, its GET stream, DELETE',
    options: { protocol: 'sse', endEvent: 'none', refusal: '429,503,error:-32000' },
    session: 'mcp',
  },
  'graphql-sse': {
    describes: 'GraphQL subscriptions over SSE, a request each ("distinct connections")',
    options: { protocol: 'sse-post', endEvent: 'event:complete' },
    prepare: prepareGraphql,
  },
  'socket.io': {
    describes: 'Socket.IO over its WebSocket (Engine.IO 4): CONNECT to the main namespace, events are 42[…]',
    options: {
      protocol: 'websocket',
      send: ['40'],
      reply: { 2: '3' },
      event: 'prefix:42',
      endEvent: 'data:41',
      refusal: 'prefix:44',
    },
  },
} as const satisfies Record<string, Preset>;
