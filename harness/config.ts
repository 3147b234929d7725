import { randomInt } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { HydrotestError, messageOf } from './errors.ts';
import { headersOf } from './header-values.ts';
import { type LoadOptions, loadPlanOf } from './load-options.ts';
import type { RunConfig, TargetConfig } from './model.ts';
import { durationMs, listOf, perSecond, sizeBytes, usage, wholeNumber } from './option-values.ts';
import { type ProtocolOptions, protocolPlanOf } from './protocol-options.ts';
import { keepSecret, secretsIn, secretsOfEnvironment, secretsOfHeaders } from './redact.ts';

/**
 * What a user may say, on the command line or in `hydrotest.config.ts`: the same names and the same texts. Every value
 * is optional; `completeConfig` checks them and fills the defaults.
 */
export interface UserConfig extends LoadOptions, ProtocolOptions {
  /** Shell command that starts the target. `{port}`, `{dir}`, `{limit}` and `{deadline}` (seconds) are filled in. */
  command?: string;
  /** Folder in which the command is started; default: the current one. */
  cwd?: string;
  /** Process id of a server that runs already. */
  pid?: number | string;
  /** Port of a server that runs already; its process is found by it. */
  port?: number | string;
  /** Stream URL. `{port}` and `{key}` are filled in. */
  url?: string;
  /** Template of `{key}`: `{n}` is a number, `{uuid}` a UUID made from it. */
  key?: string;
  /** Request headers, as an object or as lines: `Name: value`, or `@file` for a file of such lines. */
  header?: Record<string, string> | string[];
  /** True: URLs may lead to other addresses than loopback. The process is on this machine all the same. */
  allowRemote?: boolean;
  /** Page that shows a stream: watched while files grow, and opened by `browser`. `{port}` and `{key}` are filled in. */
  page?: string;
  /** Opens the tabs of `tabs` in a real browser: `true` looks for a Chromium, a text is the path of one. */
  browser?: boolean | string;
  /** CSS selector of what the page adds for each event (`#events li`); default: anything that it adds. */
  rows?: string;
  /** File that the target follows, so that events can be written to it. `{dir}` and `{key}` are filled in. */
  eventsFile?: string;
  /** URL that takes events as a POST of newline-delimited JSON, instead of a file. `{port}` and `{key}` are filled in. */
  eventsUrl?: string;
  /** Streams a key that the target allows, or `none`. */
  limit?: number | string;
  /** After how long the target closes a stream (`90s`, `1h`), or `none`. */
  deadline?: number | string;
  /** Ceiling for the target's memory (`500MB`). */
  budget?: number | string;
  /** How long `tabs` and `hold` hold their streams (`20s`, `1h`). */
  duration?: number | string;
  /** Property of an event's JSON data with the time at which it was made (`at`, `meta.createdAt`). */
  eventTime?: string;
  /** Names of the scenarios to run; default: all that fit. */
  scenarios?: string[] | string;
  /** Folder for reports; every run makes its own below it. */
  out?: string;
  /** File to which the run appends its figures, one line of JSON. */
  history?: string;
  /** Seed of everything random. */
  seed?: number | string;
  /** How long a started target may take until its port answers. */
  readyTimeout?: number | string;
  /** False: never open a Node target's inspector. */
  inspect?: boolean;
  /** True: may send SIGUSR1 to a server that runs already, which opens a Node server's inspector. */
  openInspector?: boolean;
  /** Names of the lifecycle paths to measure (`abrupt drop`); default: all. */
  paths?: string[] | string;
  /** How long what looks like a leak is given to be released after all (`75s`). */
  grace?: number | string;
  /** Traffic at which rates are turned into time to the budget (`50/s`, `3000/min`, `1e6/day`). */
  traffic?: number | string;
  /** Reports to make, each with a path if it goes elsewhere than into the run's folder (`junit=build/junit.xml`); default: all. */
  reporter?: string[] | string;
}

/** Types a `hydrotest.config.ts`: `export default defineConfig({ command: 'npm start', url: … })`. */
export function defineConfig(config: UserConfig): UserConfig {
  return config;
}

export const DEFAULTS = {
  budget: '500MB',
  duration: '10s',
  out: 'reports/out',
  readyTimeout: '30s',
  // Longer than the usual time-outs: grace periods for resuming, close timers of 30 s, keep-alive of up to a minute.
  grace: '75s',
  key: 'stream-{n}',
} as const;

/** The reference server, which a run without `--command`, `--pid`, `--port` and `--url` tests; with a WebSocket or HTTP/2 where that is asked for. */
export function referenceTarget({ protocol = 'sse' }: Pick<UserConfig, 'protocol'> = {}) {
  if (!['sse', 'websocket', 'sse-h2'].includes(protocol)) {
    throw usage(
      `the reference server does not speak ${protocol}: say which server does, with --command and --url.`,
    );
  }
  const isWebSocket = protocol === 'websocket';
  const here = fileURLToPath(import.meta.url);
  const main = join(dirname(here), '..', 'server', `main${extname(here)}`);
  return {
    command: `${quote(process.execPath)} ${quote(main)} --port {port} --dir {dir} --limit {limit} --max-duration {deadline}`,
    url: `http://127.0.0.1:{port}/api/events/{key}/${isWebSocket ? 'ws?lastEventId={lastEventId}' : 'stream'}`,
    ...(isWebSocket && { eventId: 'id' }),
    page: 'http://127.0.0.1:{port}/?workflow={key}',
    rows: '[data-row]',
    eventsFile: '{dir}/{key}/events.jsonl',
    key: 'workflow-{uuid}',
    limit: 5,
    deadline: '1h',
  } satisfies UserConfig;
}

/** The shell command of the reference server with extra options, such as `--fault NAME`. */
export function referenceCommand(extra: string): string {
  return `${referenceTarget().command} ${extra}`;
}

/**
 * Checks what the user said and fills in what they did not.
 *
 * @throws HydrotestError `usage`, with a message that names the option, its value and the remedy.
 */
export function completeConfig(given: UserConfig): RunConfig {
  keepSecretsOf(given);
  const parsed = userConfigSchema.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : (issue?.path[0] ?? '');
    throw usage(`config: ${String(name)}: ${issue?.message ?? 'not understood'}. See hydrotest run --help.`);
  }
  const user = withoutUndefined(parsed.data as UserConfig);
  const ways = (['command', 'pid', 'port'] as const).filter((name) => user[name] !== undefined);
  if (user.eventsFile !== undefined && user.eventsUrl !== undefined)
    throw usage(
      '--events-file and --events-url exclude each other: give the one that the target takes events from.',
    );
  if (ways.length > 1) {
    throw usage(`--${ways.join(' and --')} exclude each other: give the one that says where the target is.`);
  }
  const isReference = ways.length === 0 && user.url === undefined;
  if (ways.length === 0 && user.url !== undefined) {
    throw usage(
      '--url needs to know which process to watch: add --command "…" to start it, or --pid or --port if it runs. It has to be on this machine, where its memory can be read.',
    );
  }
  if (!isReference && user.url === undefined) {
    throw usage('--url is missing: give the stream URL, for example --url "http://127.0.0.1:{port}/events".');
  }
  const said: UserConfig = isReference ? { ...referenceTarget(user), ...user } : user;
  const protocol = protocolPlanOf(said);
  // It may have come from a file.
  keepSecret(secretsIn(protocol.body ?? ''));
  // A WebSocket begins as a request of HTTP.
  const url = (said.url as string).replace(/^ws(s?):/i, 'http$1:');
  const target = targetOf(said);
  checkUrl('--url', url, target, true);
  if (said.page !== undefined) checkUrl('--page', said.page, target, false);
  if (said.eventsFile !== undefined) checkEventsFile(said.eventsFile, target, url);
  if (said.eventsUrl !== undefined) checkEventsUrl(said.eventsUrl, target, url);
  for (const name of ['limit', 'deadline'] as const) {
    if (isNone(said[name]) && said.command?.includes(`{${name}}`)) {
      throw usage(
        `--command asks for {${name}}: say which, for example --${name} ${name === 'limit' ? '5' : '1h'}.`,
      );
    }
  }
  const key = said.key ?? DEFAULTS.key;
  const headers = headersOf(said.header ?? {});
  keepSecret(secretsOfHeaders(headers));
  const holdMs = durationMs('--duration', said.duration ?? DEFAULTS.duration);
  if (url.includes('{key}') && !/\{n\}|\{uuid\}/.test(key)) {
    throw usage(`--key "${key}" gives every stream the same key: put {n} or {uuid} in it.`);
  }
  return {
    target,
    url,
    key,
    page: said.page ?? null,
    browser: browserOf(said),
    events: eventsOf(said),
    headers,
    protocol,
    preset: said.preset ?? null,
    // Names are resolved only when all else is right (remote.ts).
    remote: null,
    limit: isNone(said.limit) ? null : wholeNumber('--limit', said.limit, 1, 1_000_000),
    deadlineMs: isNone(said.deadline) ? null : durationMs('--deadline', said.deadline),
    budgetBytes: sizeBytes('--budget', said.budget ?? DEFAULTS.budget),
    durationMs: holdMs,
    load: loadPlanOf(said, said.duration === undefined ? null : holdMs, protocol.name),
    eventTime: said.eventTime ?? null,
    scenarios: listOf(said.scenarios),
    outDir: resolve(said.out ?? DEFAULTS.out),
    seed: said.seed === undefined ? randomInt(2 ** 31) : wholeNumber('--seed', said.seed, 0, 2 ** 32 - 1),
    inspect: said.inspect ?? true,
    openInspector: said.openInspector ?? false,
    paths: listOf(said.paths).map((path) => path.replaceAll('-', ' ')),
    graceMs: durationMs('--grace', said.grace ?? DEFAULTS.grace),
    trafficPerSecond: said.traffic === undefined ? null : perSecond('--traffic', said.traffic),
  };
}

const textOrNumber = z.union([z.string(), z.number()], 'must be a text or a number');
const userConfigSchema = z.strictObject({
  command: z.string().min(1, 'is empty').optional(),
  cwd: z.string().min(1, 'is empty').optional(),
  pid: textOrNumber.optional(),
  port: textOrNumber.optional(),
  url: z.string().optional(),
  key: z.string().min(1, 'is empty').optional(),
  preset: z.string().optional(),
  protocol: z.string().optional(),
  body: z.string().optional(),
  send: z.union([z.array(z.string()), z.string()], 'must be a list of messages').optional(),
  reply: z
    .union([z.record(z.string(), z.string()), z.array(z.string())], 'must be { message: reply }')
    .optional(),
  event: z.string().optional(),
  endEvent: z.string().optional(),
  eventId: z.string().optional(),
  refusal: z.union([z.array(z.string()), z.string()], 'must be a list such as 429').optional(),
  header: z
    .union([z.record(z.string(), z.string()), z.array(z.string())], 'must be { name: value }')
    .optional(),
  allowRemote: z.boolean('must be true or false').optional(),
  page: z.string().optional(),
  browser: z.union([z.boolean(), z.string().min(1, 'is empty')], 'must be true or a path').optional(),
  rows: z.string().min(1, 'is empty').optional(),
  eventsFile: z.string().optional(),
  eventsUrl: z.string().optional(),
  limit: textOrNumber.optional(),
  deadline: textOrNumber.optional(),
  budget: textOrNumber.optional(),
  duration: textOrNumber.optional(),
  streams: textOrNumber.optional(),
  rate: textOrNumber.optional(),
  stages: z.union([z.array(z.string()), z.string()], 'must be a list such as ["30s:5000"]').optional(),
  mix: z.union([z.record(z.string(), z.number()), z.string()], 'must be { behaviour: weight }').optional(),
  lifetime: textOrNumber.optional(),
  workers: textOrNumber.optional(),
  eventTime: z.string().min(1, 'is empty').optional(),
  scenarios: z.union([z.array(z.string()), z.string()], 'must be a list of names').optional(),
  out: z.string().min(1, 'is empty').optional(),
  history: z.string().min(1, 'is empty').optional(),
  seed: textOrNumber.optional(),
  readyTimeout: textOrNumber.optional(),
  inspect: z.boolean('must be true or false').optional(),
  openInspector: z.boolean('must be true or false').optional(),
  paths: z.union([z.array(z.string()), z.string()], 'must be a list of names').optional(),
  grace: textOrNumber.optional(),
  traffic: textOrNumber.optional(),
  reporter: z.union([z.array(z.string()), z.string()], 'must be a list of reporters').optional(),
});

function browserOf({ browser, page, rows }: UserConfig): RunConfig['browser'] {
  if (browser === undefined || browser === false) return null;
  if (page === undefined) {
    throw usage(
      '--browser has no page to open: give one that shows a stream, such as --page "http://127.0.0.1:{port}/?id={key}".',
    );
  }
  return { path: browser === true ? null : browser, rows: rows ?? null };
}

function targetOf(said: UserConfig): TargetConfig {
  if (said.command !== undefined) {
    const readyTimeoutMs = durationMs('--ready-timeout', said.readyTimeout ?? DEFAULTS.readyTimeout);
    if (said.cwd === undefined) return { mode: 'spawn', command: said.command, readyTimeoutMs };
    const cwd = resolve(said.cwd);
    if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
      throw usage(`--cwd "${said.cwd}" is no folder (looked for ${cwd}).`);
    return { mode: 'spawn', command: said.command, readyTimeoutMs, cwd };
  }
  if (said.pid !== undefined) return { mode: 'attach', pid: wholeNumber('--pid', said.pid, 2, 2 ** 22) };
  return { mode: 'attach-port', port: wholeNumber('--port', said.port, 1, 65_535) };
}

function checkUrl(option: string, url: string, target: TargetConfig, stream: boolean): void {
  const filled = url.replaceAll('{port}', '80').replaceAll('{key}', 'key').replaceAll('{lastEventId}', '1');
  if (!URL.canParse(filled) || !(stream ? /^(https?|wss?):$/ : /^https?:$/).test(new URL(filled).protocol)) {
    throw usage(`${option} "${url}" is not an http(s) URL, such as "http://127.0.0.1:{port}/events".`);
  }
  const { username, password } = new URL(filled);
  if (username !== '' || password !== '')
    throw usage(`${option} "${url}" carries a user name: send an Authorization header instead (--header).`);
  if (target.mode === 'attach' && url.includes('{port}')) {
    throw usage(
      `${option} "${url}" has {port}, which only --command and --port know: write the port itself.`,
    );
  }
  if (stream && target.mode === 'spawn' && !url.includes('{port}') && target.command.includes('{port}')) {
    throw usage(
      `--command picks a free {port}, but ${option} "${url}" does not use it: write {port} there too.`,
    );
  }
}

function checkEventsFile(eventsFile: string, target: TargetConfig, url: string): void {
  if (eventsFile.includes('{dir}') && (target.mode !== 'spawn' || !target.command.includes('{dir}'))) {
    throw usage(
      `--events-file "${eventsFile}" has {dir}, but the command does not: tell the target its folder by {dir}.`,
    );
  }
  if (url.includes('{key}') && !eventsFile.includes('{key}')) {
    throw usage(`--events-file "${eventsFile}" is the same for every key: put {key} in it.`);
  }
}

/** A URL that was given goes before the file of the reference server. */
function eventsOf({ eventsFile, eventsUrl }: UserConfig): RunConfig['events'] {
  if (eventsUrl !== undefined) return { to: 'url', at: eventsUrl };
  return eventsFile === undefined ? null : { to: 'file', at: eventsFile };
}

function checkEventsUrl(eventsUrl: string, target: TargetConfig, url: string): void {
  checkUrl('--events-url', eventsUrl, target, false);
  if (url.includes('{key}') && !eventsUrl.includes('{key}')) {
    throw usage(`--events-url "${eventsUrl}" is the same for every key: put {key} in it.`);
  }
}

/** Before anything is checked: what is wrong is quoted. */
function keepSecretsOf({ command, url, page, eventsFile, eventsUrl, body, send }: UserConfig): void {
  for (const text of [command, url, page, eventsFile, eventsUrl, body, send].flat())
    if (typeof text === 'string') keepSecret(secretsIn(text));
  keepSecret(secretsOfEnvironment(process.env));
}

function isNone(value: unknown): boolean {
  return value === undefined || value === 'none';
}

function quote(path: string): string {
  return process.platform === 'win32' ? `"${path}"` : `'${path.replaceAll("'", "'\\''")}'`;
}

function withoutUndefined(config: UserConfig): UserConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

const CONFIG_NAMES = [
  'hydrotest.config.ts',
  'hydrotest.config.mts',
  'hydrotest.config.js',
  'hydrotest.config.mjs',
];

/**
 * Reads `hydrotest.config.ts` of a folder, or the file given. An empty object where there is none.
 *
 * @throws HydrotestError `usage` when the file given is missing, fails to load or has no default export.
 */
export async function loadConfigFile(folder: string, file: string | undefined): Promise<UserConfig> {
  const path = file === undefined ? findConfigFile(folder) : resolve(folder, file);
  if (path === null) return {};
  if (!existsSync(path)) throw usage(`--config "${file}" does not exist (looked for ${path}).`);
  const config = await importDefault(path);
  // An empty one is what a file without any export looks like: the reference server would be tested instead, and pass.
  if (config === null || typeof config !== 'object' || Object.keys(config).length === 0) {
    throw usage(
      `${path} has no default export with options in it: write "export default defineConfig({ … })".`,
    );
  }
  if (Array.isArray(config)) {
    throw usage(`${path} exports a list: write "export default defineConfig({ … })".`);
  }
  return config as UserConfig;
}

/**
 * The default export of a module of the user's.
 *
 * @throws HydrotestError `usage` when it cannot be loaded.
 */
export async function importDefault(path: string): Promise<unknown> {
  // tsx compiles what Node cannot run by itself: enums, decorators, JSX, and any TypeScript before Node 22.18.
  const { tsImport } = await import('tsx/esm/api');
  let loaded: { default?: unknown };
  try {
    loaded = await tsImport(pathToFileURL(path).href, import.meta.url);
  } catch (cause) {
    const message = messageOf(cause);
    throw new HydrotestError('usage', `${path} could not be loaded: ${message}`, { cause });
  }
  const value = loaded.default;
  // Where the package is CommonJS, the default import is the whole of what the module exports.
  if (value !== null && typeof value === 'object' && ('default' in value || '__esModule' in value)) {
    return 'default' in value ? value.default : null;
  }
  return value;
}

function findConfigFile(folder: string): string | null {
  return CONFIG_NAMES.map((name) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}
