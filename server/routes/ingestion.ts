import type { IncomingMessage } from 'node:http';
import type { CalmLog } from '../calm-log.ts';
import { DEFAULT_MAX_LINE_BYTES } from '../event-log/event-log.ts';
import type { EventStore } from '../event-store/types.ts';
import { sendJson } from '../respond.ts';
import type { ServerSettings } from '../settings.ts';
import { parseWorkflowId, workflowIdRule } from '../workflow-id.ts';
import { createBodyRoom } from './body-room.ts';
import { type EventLine, EventsError, readEventLines, readJsonEvent } from './event-lines.ts';
import type { Handler, Refuse } from './route.ts';

const JSON_TYPE = 'application/json';
const NDJSON_TYPE = 'application/x-ndjson';

/** Text that is seen, as the draft of the header's standard has it within its quotes. */
const idempotencyKey = /^[\x21-\x7e]{1,255}$/;

/** What a store says when there is no room, of its own (`SqliteStoreErrorCode`) or of the system, and when it may be tried again. */
const statusByCode = new Map([
  ['ENOSPC', 507],
  ['EDQUOT', 507],
  ['EFBIG', 507],
  ['not-stored', 507],
  ['busy', 503],
  ['closed', 503],
]);

/** RFC 9110, section 10.2.3: whole seconds. */
const soon = { 'Retry-After': '1' };

export interface IngestionRouteOptions {
  eventStore: EventStore;
  settings: Pick<
    ServerSettings,
    'maxBodyBytes' | 'maxHeldBodyBytes' | 'bodyTimeoutMs' | 'maxEventsPerRequest'
  >;
  logger: Pick<CalmLog, 'seldom'>;
  refuse: Refuse;
  isClosing(): boolean;
}

/**
 * `POST /api/events/:workflowId`: one event as JSON, or some as newline-delimited JSON. The answer says that they are stored.
 *
 * A page of another site can send neither type without being asked for leave first (a CORS preflight), which nothing here gives.
 */
export function createIngestionRoute(options: IngestionRouteOptions): Handler {
  const { eventStore, settings, logger, refuse, isClosing } = options;
  const { maxBodyBytes, maxHeldBodyBytes, bodyTimeoutMs, maxEventsPerRequest } = settings;
  const room = createBodyRoom({ maxBodyBytes, maxHeldBytes: maxHeldBodyBytes, timeoutMs: bodyTimeoutMs });
  const rules = { maxLineBytes: DEFAULT_MAX_LINE_BYTES, maxEvents: maxEventsPerRequest };

  return async (request, response, segment) => {
    const workflowId = parseWorkflowId(segment);
    const type = mediaType(request);
    const key = keyOf(request);
    if (workflowId === null) {
      refuse(request, response, 400, `a workflow id is ${workflowIdRule}`);
      return;
    }
    if (isClosing()) {
      refuse(request, response, 503, 'the server is shutting down', soon);
      return;
    }
    if (type === null) {
      const error = `send ${JSON_TYPE} or ${NDJSON_TYPE}, in UTF-8 and not compressed`;
      refuse(request, response, 415, error, { 'Accept-Post': `${JSON_TYPE}, ${NDJSON_TYPE}` });
      return;
    }
    if (key === null) {
      refuse(request, response, 400, 'Idempotency-Key is 1 to 255 characters of ASCII without blanks');
      return;
    }
    // Only now is a client that asked before (Expect: 100-continue) told to send its body.
    const isTooLong = Number(request.headers['content-length'] ?? 0) > maxBodyBytes;
    if (request.headers.expect !== undefined && !isTooLong) response.writeContinue();

    const body = await room.read(request);
    switch (body.state) {
      case 'gone':
        return;
      case 'too long':
        refuse(request, response, 413, `a body has at most ${maxBodyBytes} bytes`);
        return;
      case 'too slow':
        refuse(request, response, 408, `a body has to be here within ${bodyTimeoutMs} ms`);
        return;
      case 'no room':
        refuse(request, response, 503, 'too many bodies at once', soon);
        return;
      case 'whole':
        break;
    }
    try {
      const lines =
        type === JSON_TYPE ? readJsonEvent(body.bytes, rules) : await readEventLines(body.bytes, rules);
      const { ids, duplicateCount } = await eventStore.append(
        workflowId,
        lines.map((line) => newEvent(line, key)),
      );
      // 200: nothing was made that was not there.
      sendJson(response, duplicateCount === ids.length ? 200 : 201, { ids, duplicates: duplicateCount });
    } catch (error) {
      if (error instanceof EventsError) {
        sendJson(response, error.status, { error: error.message });
        return;
      }
      const status = statusOf(error);
      if (status === null) throw error;
      logger.seldom({ workflowId, err: error }, 'events not stored');
      sendJson(response, status, { error: 'nothing of it was stored: try again later' }, soon);
    } finally {
      body.release();
    }
  };
}

/** A request has one key, and each of its lines one of its own: sent again as it was, each is found. */
function newEvent({ line, number }: EventLine, key: string): { line: Buffer; key?: string } {
  return key === '' ? { line } : { line, key: `${key}:${number}` };
}

/** Null: one that is not taken. */
function mediaType({ headers }: IncomingMessage): typeof JSON_TYPE | typeof NDJSON_TYPE | null {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const isUtf8 = parameters.every((parameter) => /^\s*(charset="?utf-8"?)?\s*$/.test(parameter));
  const isPlain = (headers['content-encoding'] ?? 'identity').toLowerCase() === 'identity';
  const name = type.trim();
  if (!isUtf8 || !isPlain || (name !== JSON_TYPE && name !== NDJSON_TYPE)) return null;
  return name;
}

/** Empty: there is none; null: it cannot be one. */
function keyOf({ headers }: IncomingMessage): string | null {
  const key = headers['idempotency-key'] ?? '';
  if (key === '') return headers['idempotency-key'] === undefined ? '' : null;
  return typeof key === 'string' && idempotencyKey.test(key) ? key : null;
}

function statusOf(error: unknown): number | null {
  return error instanceof Error && 'code' in error ? (statusByCode.get(String(error.code)) ?? null) : null;
}
