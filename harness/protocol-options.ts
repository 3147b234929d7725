import { readFileSync } from 'node:fs';
import { messageOf } from './errors.ts';
import type { MessageRule, ProtocolName, ProtocolPlan } from './model.ts';
import { listOf, usage } from './option-values.ts';
import { type Preset, presets } from './presets.ts';
import { protocols } from './streams/protocols.ts';

/** What a user may say of the protocol. */
export interface ProtocolOptions {
  /** A kind of server that is known: sets what follows, each of which can still be said otherwise. */
  preset?: string;
  /** How streams are asked for and read: `sse`, `sse-post`, `ndjson`, `chunked`, `websocket` or `sse-h2`. */
  protocol?: string;
  /** Body of the request (`{key}` is filled in), or `@file`. It makes the request a POST. */
  body?: string;
  /** Messages that a client sends once its WebSocket is open. */
  send?: string[] | string;
  /** What a client answers to a message, word for word: `{ '2': '3' }`, or lines such as `2=3`. */
  reply?: Record<string, string> | string[];
  /** Which messages are events: `event:NAME`, `data:TEXT`, `prefix:TEXT`, or `PATH=VALUE` for a property of their JSON. */
  event?: string;
  /** Which event says that the server ends the stream, in the same way; `none`: there is none. */
  endEvent?: string;
  /** Streams come to their end by themselves, with their end event, as an answer that is streamed does. */
  finite?: boolean;
  /** Property of an event's JSON that is its id. */
  eventId?: string;
  /** How the target refuses a stream when its limit is met: `429`, `close:4429`, `error:-32000`, `prefix:44`, or several of them. */
  refusal?: string[] | string;
}

const DEFAULT_REFUSALS = ['429'];

/** The preset that was named, or null. Throws `usage` for one that is not known. */
export function presetOf(preset: string | null | undefined): Preset | null {
  if (preset == null) return null;
  if (Object.hasOwn(presets, preset)) return presets[preset as keyof typeof presets];
  throw usage(`--preset "${preset}" is none: give one of ${Object.keys(presets).join(', ')}.`);
}

/**
 * What `--protocol` and the options around it say.
 *
 * @throws HydrotestError `usage`.
 */
export function protocolPlanOf(said: ProtocolOptions): ProtocolPlan {
  const preset = presetOf(said.preset);
  const given = { ...preset?.options, ...said };
  const name = nameOf(given.protocol ?? (given.body === undefined ? 'sse' : 'sse-post'));
  const body = given.body === undefined ? null : textOf('--body', given.body);
  const isWebSocket = name === 'websocket';
  if (name === 'sse' && body !== null) {
    throw usage(
      '--body makes the request a POST, --protocol sse is a GET: leave one out, or give --protocol sse-post.',
    );
  }
  if (name === 'sse-post' && body === null && preset?.prepare === undefined) {
    throw usage(
      '--protocol sse-post sends a body: say which, such as --body \'{"stream":true}\' or --body @request.json.',
    );
  }
  if (isWebSocket && body !== null)
    throw usage('--body: a WebSocket has none. --send says what a client sends.');
  const sends = given.send === undefined ? [] : [given.send].flat();
  const replies = repliesOf(given.reply ?? {});
  if (!isWebSocket && (sends.length > 0 || Object.keys(replies).length > 0)) {
    throw usage(
      '--send and --reply are for --protocol websocket: no other client can say more than its request.',
    );
  }
  const isSse = protocols[name].resumesByHeader === true;
  const session = preset?.session ?? null;
  if (session !== null && name !== 'sse') {
    throw usage(
      `--preset ${said.preset} is for --protocol sse: its session goes over HTTP/1.1, not ${name}.`,
    );
  }
  const end = endOf(given.endEvent, isSse);
  if (given.finite === true && end === null) {
    throw usage(
      '--finite: a stream that is whole is told from one that was cut off by its end: say which event that is with --end-event.',
    );
  }
  return {
    name,
    body,
    sends,
    replies,
    event: given.event === undefined ? null : ruleOf('--event', given.event, isSse),
    end,
    finite: given.finite ?? false,
    eventId: given.eventId === undefined ? null : pathOf('--event-id', given.eventId),
    refusals: given.refusal === undefined ? DEFAULT_REFUSALS : refusalsOf(listOf(given.refusal), name),
    session,
  };
}

function nameOf(text: string): ProtocolName {
  if (Object.hasOwn(protocols, text)) return text as ProtocolName;
  throw usage(`--protocol "${text}" is none: give one of ${Object.keys(protocols).join(', ')}.`);
}

/** `@file` is what stands in the file. */
function textOf(option: string, text: string): string {
  if (!text.startsWith('@')) return text;
  try {
    return readFileSync(text.slice(1), 'utf8');
  } catch (error) {
    throw usage(`${option} "${text}" cannot be read: ${messageOf(error)}.`);
  }
}

function repliesOf(said: Record<string, string> | string[]): Record<string, string> {
  if (!Array.isArray(said)) return said;
  return Object.fromEntries(
    said.map((line) => {
      const [, message, reply] = /^([^=]*)=(.*)$/s.exec(line) ?? [];
      if (message === undefined || reply === undefined)
        throw usage(`--reply "${line}" is not MESSAGE=REPLY, such as "2=3".`);
      return [message, reply];
    }),
  );
}

function endOf(text: string | undefined, isSse: boolean): MessageRule | null {
  if (text === 'none') return null;
  if (text === undefined) return isSse ? { on: 'event', value: 'close' } : null;
  return ruleOf('--end-event', text, isSse);
}

function ruleOf(option: string, text: string, isSse: boolean): MessageRule {
  const [, on, value] = /^(event|data|prefix):(.+)$/s.exec(text) ?? [];
  if (on === 'event' && !isSse) {
    throw usage(
      `${option} "${text}": only events of SSE have names. Give data:TEXT, prefix:TEXT or PATH=VALUE.`,
    );
  }
  if ((on === 'event' || on === 'data' || on === 'prefix') && value !== undefined) return { on, value };
  const [, path, is] = /^([^=:]+)=(.+)$/s.exec(text) ?? [];
  if (path !== undefined && is !== undefined) {
    return { on: 'property', path: pathOf(option, path), value: is };
  }
  throw usage(
    `${option} "${text}" is not understood: give event:NAME, data:TEXT, prefix:TEXT or PATH=VALUE, such as type=done.`,
  );
}

function pathOf(option: string, text: string): string[] {
  const path = text.split('.');
  if (path.every((name) => name !== '')) return path;
  throw usage(`${option} "${text}" is no path of a property, such as id or meta.id.`);
}

function refusalsOf(texts: string[], name: ProtocolName): string[] {
  if (texts.length > 0) return texts.map((text) => refusalOf(text, name));
  throw usage('--refusal is empty: say how the target refuses a stream, such as --refusal 429.');
}

/** As a tally names it: `429`, `close 4429`, `error -32000`, `message 44`. */
function refusalOf(text: string, name: ProtocolName): string {
  if (/^[2-5]\d\d$/.test(text) && text !== '200') return text;
  const [, kind, code] = /^(close|error):(-?\d{1,6})$/.exec(text) ?? [];
  if (kind === 'close' && name !== 'websocket')
    throw usage(`--refusal "${text}": only a WebSocket has close codes (--protocol websocket).`);
  if (kind === 'close' && !(Number(code) >= 1000 && Number(code) <= 4999))
    throw usage(`--refusal "${text}": codes of a WebSocket's close are from 1000 to 4999.`);
  if (kind === 'error' && protocols[name].resumesByHeader !== true) {
    throw usage(
      `--refusal "${text}": an error in place of the stream is told from it by its content type, which only SSE has; not --protocol ${name}.`,
    );
  }
  if (kind !== undefined) return `${kind} ${Number(code)}`;
  const [, beginning] = /^prefix:(.+)$/s.exec(text) ?? [];
  if (beginning !== undefined) return `message ${beginning}`;
  throw usage(
    `--refusal "${text}" is not understood: give a status such as 429, close:4429 for a WebSocket's close code, error:-32000 for a JSON-RPC error, or prefix:TEXT for how its first message begins.`,
  );
}
