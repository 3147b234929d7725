import { get, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { LiveUpdate } from '../live-state.ts';

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** One request, with any Host header, on a connection of its own. */
export function ask(
  url: string,
  options: { method?: string; headers?: OutgoingHttpHeaders } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
      response.on('error', reject);
    });
    asked.on('error', reject).end();
  });
}

export interface Frame {
  id: string;
  update: LiveUpdate;
}

/** What an open page hears. */
export interface Watched {
  frames: Frame[];
  headers: IncomingMessage['headers'];
  response: IncomingMessage;
  /** The server has ended the stream, or its process is gone. */
  readonly isOver: boolean;
  close(): void;
}

/** Follows a run as its page does. @param url That of the page, with the token. */
export function watchPage(url: string, { paused = false } = {}): Promise<Watched> {
  return new Promise((resolve, reject) => {
    const asked = get(url.replace('/?', '/updates?'), { agent: false }, (response) => {
      const frames: Frame[] = [];
      let [text, isOver] = ['', false];
      response.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        if (!more.includes('\n')) return;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const parts = /^id: (.*)\ndata: (.*)$/.exec(block);
          if (parts !== null)
            frames.push({ id: parts[1] ?? '', update: JSON.parse(parts[2] ?? '') as LiveUpdate });
        }
      });
      if (paused) response.pause();
      response.on('close', () => {
        isOver = true;
      });
      response.on('error', () => {});
      resolve({
        frames,
        headers: response.headers,
        response,
        get isOver() {
          return isOver;
        },
        close: () => void asked.destroy(),
      });
    });
    asked.on('error', reject);
  });
}
