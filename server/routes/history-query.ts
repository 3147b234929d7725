import type { EventQuery } from '../event-store/types.ts';

const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 1000;

/** Where a page begins in the list, and on which side of that place it lies. */
export interface Cursor {
  direction: EventQuery['direction'];
  /** `next`: it goes on in the list's own direction; `prev`: it goes back. */
  way: 'next' | 'prev';
  /** Id that the page lies behind, itself left out. */
  position: number;
}

/** What a client asks for. The list is that of all events which fit, in the direction; a page is a piece of it. */
export interface HistoryQuery
  extends Pick<EventQuery, 'sinceMs' | 'untilMs' | 'type' | 'limit' | 'direction'> {
  cursor: Cursor | null;
}

/** A parameter that is not as it has to be: what is said to the client. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError';
}

/** Reads the parameters of a request for history. Of one that is there twice, the first counts; others are ignored. Throws ParameterError. */
export function parseHistoryQuery(parameters: URLSearchParams): HistoryQuery {
  const sinceMs = moment(parameters, 'since');
  const untilMs = moment(parameters, 'until');
  if (sinceMs !== undefined && untilMs !== undefined && sinceMs >= untilMs) {
    throw new ParameterError('since has to be a moment before until');
  }
  const type = parameters.get('type') ?? undefined;
  if (type === '') throw new ParameterError('type is the type of an event, or left out');
  const cursor = cursorOf(parameters);
  const direction = directionOf(parameters) ?? cursor?.direction ?? 'older';
  if (cursor !== null && cursor.direction !== direction) {
    throw new ParameterError(`direction has to be that of the cursor, ${cursor.direction}, or left out`);
  }
  return {
    ...(sinceMs !== undefined && { sinceMs }),
    ...(untilMs !== undefined && { untilMs }),
    ...(type !== undefined && { type }),
    limit: limitOf(parameters),
    direction,
    cursor,
  };
}

const directionLetters = { older: 'o', newer: 'n' } as const;
const wayLetters = { next: 'n', prev: 'p' } as const;

/** Opaque to clients: what is in it may change. */
export function encodeCursor({ direction, way, position }: Cursor): string {
  return Buffer.from(`1${directionLetters[direction]}${wayLetters[way]}${position}`).toString('base64url');
}

function cursorOf(parameters: URLSearchParams): Cursor | null {
  const text = parameters.get('cursor');
  if (text === null) return null;
  const decoded = Buffer.from(text, 'base64url').toString('latin1');
  const [, direction, way, position] = /^1([on])([np])(\d{1,16})$/.exec(decoded) ?? [];
  if (!Number.isSafeInteger(Number(position))) {
    throw new ParameterError('cursor is next or prev of an answer, as it was given, or left out');
  }
  return {
    direction: direction === 'o' ? 'older' : 'newer',
    way: way === 'n' ? 'next' : 'prev',
    position: Number(position),
  };
}

function directionOf(parameters: URLSearchParams): EventQuery['direction'] | null {
  const text = parameters.get('direction');
  if (text === null || text === 'older' || text === 'newer') return text;
  throw new ParameterError('direction is older (the newest event comes first) or newer (the oldest does)');
}

function limitOf(parameters: URLSearchParams): number {
  const text = parameters.get('limit');
  if (text === null) return DEFAULT_LIMIT;
  const limit = Number(text);
  if (/^\d{1,4}$/.test(text) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new ParameterError(`limit is a whole number from 1 to ${MAX_LIMIT}`);
}

/** As `T` separates them, so that a date means the same everywhere: with a time it has to say its zone. */
const isoDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

function moment(parameters: URLSearchParams, name: 'since' | 'until'): number | undefined {
  const text = parameters.get(name);
  if (text === null) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  // In a query an unescaped `+` is a space.
  const date = text.replace(' ', '+');
  const ms = isoDate.test(date) ? Date.parse(date) : Number.NaN;
  if (Number.isFinite(ms)) return ms;
  throw new ParameterError(
    `${name} is milliseconds since 1970, or a date such as 2026-01-31 or 2026-01-31T12:00:00Z`,
  );
}
