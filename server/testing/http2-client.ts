import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from 'node:http2';
import { until } from './until.ts';

/** One request of HTTP/2. */
export interface Http2Answer {
  readonly stream: ClientHttp2Stream;
  readonly status: number | null;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly isClosed: boolean;
  answered(): Promise<number | null>;
  received(text: string): Promise<void>;
  closed(): Promise<void>;
}

export interface Http2Client {
  readonly session: ClientHttp2Session;
  readonly isClosed: boolean;
  /** The server has sent GOAWAY. */
  readonly isGoingAway: boolean;
  request(path: string, headers?: Record<string, string>, body?: boolean): Http2Answer;
  stream(workflowId: string, headers?: Record<string, string>): Http2Answer;
  closed(): Promise<void>;
}

/** `http:` begins with HTTP/2 at once (prior knowledge), `https:` asks for it by ALPN. */
export function openHttp2(url: string): Http2Client {
  const session = connect(url, { rejectUnauthorized: false });
  let isClosed = false;
  let isGoingAway = false;
  session.on('error', () => {}); // the end of a session is part of many tests
  session.on('goaway', () => {
    isGoingAway = true;
  });
  session.on('close', () => {
    isClosed = true;
  });

  function request(path: string, headers: Record<string, string> = {}, body = false): Http2Answer {
    const stream = session.request({ ':path': path, ...headers }, { endStream: !body });
    let answer: (IncomingHttpHeaders & { ':status'?: number | undefined }) | null = null;
    let text = '';
    let isOver = false;
    stream.setEncoding('utf8');
    stream.on('response', (head) => {
      answer = head;
    });
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    stream.on('error', () => {});
    stream.on('close', () => {
      isOver = true;
    });
    const one: Http2Answer = {
      stream,
      get status() {
        return answer?.[':status'] ?? null;
      },
      get headers() {
        return answer ?? {};
      },
      get body() {
        return text;
      },
      get isClosed() {
        return isOver;
      },
      async answered() {
        await until('an answer', () => answer !== null || isOver);
        return one.status;
      },
      received: (wanted) => until(`${JSON.stringify(wanted)} from the server`, () => text.includes(wanted)),
      closed: () => until('the end of the stream', () => isOver),
    };
    return one;
  }
  return {
    session,
    get isClosed() {
      return isClosed;
    },
    get isGoingAway() {
      return isGoingAway;
    },
    request,
    stream: (workflowId, headers) => request(`/api/events/${workflowId}/stream`, headers),
    closed: () => until('the end of the session', () => isClosed),
  };
}
