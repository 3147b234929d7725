import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventStore } from '../event-store/types.ts';
import { sendJson } from '../respond.ts';
import type { ServerSettings } from '../settings.ts';
import { parseWorkflowId, workflowIdRule } from '../workflow-id.ts';
import { bodyOf, type HistoryPage, lookAtPage } from './history-page.ts';
import { type HistoryQuery, ParameterError, parseHistoryQuery } from './history-query.ts';
import { type Handler, requestQuery } from './route.ts';

/** Pieces are gathered up to this before they are written. */
const WRITE_BYTES = 64 * 1024;

export interface HistoryRouteOptions {
  eventStore: EventStore;
  settings: Pick<ServerSettings, 'maxHistoryReaders' | 'vanishedMs' | 'maxDurationMs'>;
}

/**
 * `GET /api/events/:workflowId`: a page of events. It is read once to know its ETag and length. One that is long is read again as it
 * is sent, as fast as the client takes it, so that neither its size nor a slow client holds memory.
 */
export function createHistoryRoute({ eventStore, settings }: HistoryRouteOptions): Handler {
  let readerCount = 0;

  return async (request, response, segment) => {
    const workflowId = parseWorkflowId(segment);
    if (workflowId === null) {
      sendJson(response, 400, { error: `a workflow id is ${workflowIdRule}` });
      return;
    }
    let query: HistoryQuery;
    try {
      query = parseHistoryQuery(requestQuery(request));
    } catch (error) {
      if (!(error instanceof ParameterError)) throw error;
      sendJson(response, 400, { error: error.message });
      return;
    }
    if (readerCount >= settings.maxHistoryReaders) {
      sendJson(response, 503, { error: 'too many readers of history at once' }, { 'Retry-After': 1 });
      return;
    }
    readerCount += 1;
    try {
      const isWanted = () => !response.destroyed && !request.socket.destroyed;
      const page = await lookAtPage(eventStore, workflowId, query, isWanted);
      if (page !== null) await sendPage(request, response, workflowId, page);
    } finally {
      readerCount -= 1;
    }
  };

  async function sendPage(
    request: IncomingMessage,
    response: ServerResponse,
    workflowId: string,
    page: HistoryPage,
  ): Promise<void> {
    const link = linksOf(request, workflowId, page);
    const headers = {
      ETag: page.etag,
      // It may be kept, and has to be asked for again: what is new changes the page.
      'Cache-Control': 'private, no-cache',
      'X-Content-Type-Options': 'nosniff',
      ...(link !== '' && { Link: link }),
    };
    if (matchesEtag(request.headers['if-none-match'], page.etag)) {
      response.writeHead(304, headers).end();
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': page.bodyBytes,
      ...headers,
    });
    if (request.method === 'HEAD') response.end();
    else if (page.body !== null) response.end(page.body);
    else await sendLongPage(response, workflowId, page);
  }

  async function sendLongPage(
    response: ServerResponse,
    workflowId: string,
    page: HistoryPage,
  ): Promise<void> {
    // It holds a file open and a reader's place: as a stream, it has to move, and to come to its end.
    response.setTimeout(settings.vanishedMs, () => response.destroy());
    const deadline = setTimeout(() => response.destroy(), settings.maxDurationMs);
    response.once('close', () => clearTimeout(deadline));
    let pieces: Buffer[] = [];
    let pieceBytes = 0;
    const flush = async () => {
      const goesOn = response.write(Buffer.concat(pieces));
      pieces = [];
      pieceBytes = 0;
      if (!goesOn) await drained(response);
    };
    for await (const piece of bodyOf(eventStore, workflowId, page)) {
      pieces.push(piece);
      pieceBytes += piece.length;
      if (pieceBytes >= WRITE_BYTES) await flush();
      if (response.destroyed) return;
    }
    response.end(Buffer.concat(pieces));
  }
}

/** Resolves when there is room again, or nobody to write to. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) resolve();
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

/** RFC 8288: the same question with the cursor of the page beside it. */
function linksOf(request: IncomingMessage, workflowId: string, { next, prev }: HistoryPage): string {
  const links: string[] = [];
  for (const [rel, cursor] of [
    ['next', next],
    ['prev', prev],
  ]) {
    if (cursor === null || cursor === undefined) continue;
    const parameters = requestQuery(request);
    parameters.set('cursor', cursor);
    links.push(`</api/events/${encodeURIComponent(workflowId)}?${parameters}>; rel="${rel}"`);
  }
  return links.join(', ');
}

/** RFC 9110, section 13.1.2: compared weakly, so a tag that a proxy has weakened still fits. */
function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
