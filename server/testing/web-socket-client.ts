import type { IncomingHttpHeaders } from 'node:http';
import { WebSocket } from 'ws';
import { until } from './until.ts';

/** A client of a stream over WebSocket. */
export interface WebSocketClient {
  readonly webSocket: WebSocket;
  /** Messages as they came. */
  readonly messages: string[];
  /** 101 once it is open; another status where it was refused; null before. */
  readonly status: number | null;
  /** The head and the body of a refusal. */
  readonly refusal: { headers: IncomingHttpHeaders; body: string } | null;
  /** How it was closed: 1006 where there was no close frame. */
  readonly closing: { code: number; reason: string } | null;
  answered(): Promise<number | null>;
  /** A message has the text. */
  received(text: string): Promise<void>;
  closed(): Promise<{ code: number; reason: string }>;
}

export interface WebSocketClientOptions {
  /** Behind `/api/events/<workflow>/ws`. */
  query?: string;
  headers?: Record<string, string>;
  /** False: it does not answer pings. */
  autoPong?: boolean;
}

export function openWebSocket(
  url: string,
  workflowId: string,
  { query = '', headers = {}, autoPong = true }: WebSocketClientOptions = {},
): WebSocketClient {
  const address = `${url.replace(/^http/, 'ws')}/api/events/${workflowId}/ws${query}`;
  const webSocket = new WebSocket(address, { headers, autoPong, rejectUnauthorized: false });
  const messages: string[] = [];
  let status: number | null = null;
  let refusal: WebSocketClient['refusal'] = null;
  let closing: WebSocketClient['closing'] = null;
  webSocket.on('open', () => {
    status = 101;
  });
  webSocket.on('message', (data) => messages.push(String(data)));
  webSocket.on('unexpected-response', (_request, response) => {
    let body = '';
    response.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    response.on('end', () => {
      status = response.statusCode ?? null;
      refusal = { headers: response.headers, body };
    });
  });
  webSocket.on('error', () => {}); // a reset is part of many tests
  webSocket.on('close', (code, reason) => {
    closing = { code, reason: reason.toString() };
  });

  let looked = 0;
  return {
    webSocket,
    messages,
    get status() {
      return status;
    },
    get refusal() {
      return refusal;
    },
    get closing() {
      return closing;
    },
    async answered() {
      await until('an answer', () => status !== null || closing !== null);
      return status;
    },
    async received(text) {
      const has = () => {
        for (; looked < messages.length; looked += 1) if (messages[looked]?.includes(text)) return true;
        return false;
      };
      await until(`${text} in a message`, has);
    },
    async closed() {
      await until('the end', () => closing !== null);
      return closing ?? { code: 0, reason: '' };
    },
  };
}
