import { lookup as lookupName } from 'node:dns/promises';
import { isIP } from 'node:net';
import { messageOf } from './errors.ts';
import { openingRateOf, withinRate } from './load/opening-rate.ts';
import { totalMs } from './load/schedule.ts';
import { mostStreams } from './load-options.ts';
import { isLoopback } from './loopback.ts';
import type { ExpectedLoad, RemoteTarget, RunConfig, Scenario } from './model.ts';
import { usage } from './option-values.ts';
import { MOST_REMOTE_PER_SECOND } from './streams/pace.ts';
import { endpointOf } from './targets/open-port.ts';
import { fill } from './template.ts';

/** What the user said that decides about other addresses. */
export interface RemoteWishes {
  allowRemote: boolean;
  /** The load has a ramp of its own, not one that the user gave. */
  isOwnRamp: boolean;
  /** Default: the system's. */
  lookup?: (name: string, options: { all: true }) => Promise<{ address: string }[]>;
}

/**
 * The configuration with `remote` filled in: where its URLs lead, by their addresses and not by their spelling. Without
 * `allowRemote` all of them must lead to loopback. With it the load is brought down to the rate that is allowed.
 *
 * @throws HydrotestError `usage`, which tells the address and what would be opened there.
 */
export async function resolveRemote(
  config: RunConfig,
  scenarios: Scenario[],
  { allowRemote, isOwnRamp, lookup = lookupName }: RemoteWishes,
): Promise<RunConfig> {
  const addresses: Record<string, string[]> = {};
  for (const [option, url] of [
    ['--url', config.url],
    ['--page', config.page],
  ] as const) {
    if (url === null) continue;
    const { host } = endpointOf(fill(url, { port: 80, key: 'key' }));
    const found = await addressesOf(option, host, lookup);
    if (found.every(isLoopback)) continue;
    if (!allowRemote) throw refusal(option, host, found, expectedLoad(config, scenarios));
    addresses[host] = found;
  }
  if (Object.keys(addresses).length === 0) return config;
  if (config.browser !== null)
    throw usage(
      `--browser opens its connections by itself, and hydrotest cannot hold it to ${MOST_REMOTE_PER_SECOND} a second: leave it out, or use loopback.`,
    );
  const fits = scenarios.some(({ name }) => name === 'hold');
  const load = fits ? withinRate(config.load, MOST_REMOTE_PER_SECOND, isOwnRamp) : config.load;
  const slower = { ...config, load };
  const remote: RemoteTarget = {
    addresses,
    mostPerSecond: MOST_REMOTE_PER_SECOND,
    expected: expectedLoad(slower, scenarios),
  };
  return { ...slower, remote };
}

async function addressesOf(
  option: string,
  host: string,
  lookup: NonNullable<RemoteWishes['lookup']>,
): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    const found = await lookup(host.replace(/\.$/, ''), { all: true });
    return found.map(({ address }) => address);
  } catch (cause) {
    throw usage(
      `${option} is on ${host}, which has no address (${messageOf(cause)}): for a server on this machine use 127.0.0.1.`,
    );
  }
}

function refusal(option: string, host: string, addresses: string[], expected: ExpectedLoad): Error {
  const where = isIP(host) === 0 ? `${host} (${addresses.join(', ')})` : host;
  return usage(
    `${option} is on ${where}, which is not loopback, and a run would open up to ${words(expected.streamCount)} streams at once there, up to about ${words(expected.connectionCount)} connections and ${words(expected.requestCount)} requests in all. If the server is on this machine use 127.0.0.1; if that address is yours to load, say --allow-remote. The server's process must be on this machine either way: its memory can be read here only.`,
  );
}

/**
 * Of a path that is measured, to its first look: up to 27 cycles to warm up and 18 that count (warm-up.ts, verdict/looks.ts), of one and of two
 * doses, and four times that where no heap is read (measure-leak.ts), which nobody knows beforehand.
 */
const MOST_DOSES = (27 + 18) * 1.5;
const WITHOUT_HEAP = 4;
const measured = (dose: number) => Math.ceil(dose * MOST_DOSES * WITHOUT_HEAP);

/** To see whether the target is up, and to warm it up. */
const AROUND = 10;

type Load = Omit<ExpectedLoad, 'scenarios'>;

/** What each scenario opens at most until a leak is suspected: its own constants say it exactly. */
const LOADS: Record<string, (config: RunConfig) => Load> = {
  limit({ limit }) {
    const burst = Math.min((limit ?? 0) * 4, (limit ?? 0) + 500);
    return loadOf(burst, 3 * (burst + (limit ?? 0)));
  },
  timeout: () => loadOf(2 * 450 * WITHOUT_HEAP, measured(450)),
  tabs: () => loadOf(10, 10),
  orphans: () => loadOf(96, 320),
  growth: ({ page, events }) =>
    loadOf(11, 11 + (page === null ? 0 : 270), page !== null && events !== null ? 270 : 0),
  history: () => loadOf(5, 15),
  // A flood has ten connections a cycle, and one a request where the server closes each with its 429.
  reject: ({ limit }) => loadOf((limit ?? 0) + 10, (limit ?? 0) + measured(400), measured(400)),
  churn({ paths }) {
    const connecting = [
      'graceful close',
      'abrupt drop',
      'drop before the first byte',
      'slow reader',
      'reconnect',
    ];
    const all = [...connecting, 'new key each time', 'positive control'];
    const count = all.filter((path) => paths.length === 0 || paths.includes(path)).length;
    return loadOf(100, 2 + count * measured(250));
  },
  hold({ load }) {
    const streams = mostStreams(load);
    return loadOf(streams, Math.ceil(streams + (openingRateOf(load) * totalMs(load.stages)) / 1000));
  },
};

function loadOf(streamCount: number, connectionCount: number, requestCount = 0): Load {
  return { streamCount, connectionCount, requestCount };
}

/** Of the scenarios that fit. */
export function expectedLoad(config: RunConfig, scenarios: Scenario[]): ExpectedLoad {
  const running = scenarios.filter((scenario) => scenario.unfit(config) === null);
  const loads = running.map(({ name }) => LOADS[name]?.(config) ?? loadOf(0, 0));
  const sum = (value: (load: Load) => number) => loads.reduce((all, load) => all + value(load), 0);
  return {
    scenarios: running.map(({ name }) => name),
    streamCount: Math.max(0, ...loads.map(({ streamCount }) => streamCount)),
    connectionCount: sum(({ connectionCount }) => connectionCount + AROUND),
    requestCount: sum(({ requestCount }) => requestCount),
  };
}

/** What is said before the first connection to an address that is not loopback. */
export function remoteNotice({ addresses, mostPerSecond, expected }: RemoteTarget): string {
  const where = Object.entries(addresses).map(([host, list]) =>
    isIP(host) === 0 ? `${host} (${list.join(', ')})` : host,
  );
  const mostS = Math.ceil(expected.connectionCount / mostPerSecond);
  return [
    `This run loads ${where.join(' and ')}, which is not loopback:`,
    `  scenarios: ${expected.scenarios.join(', ')}`,
    `  up to ${words(expected.streamCount)} streams at once, and about ${words(expected.connectionCount)} connections and ${words(expected.requestCount)} requests in all (a quarter of what is measured where a heap is read)`,
    `  at most ${mostPerSecond} connections a second, which takes up to ${words(mostS)} s; up to three times as many where a leak is suspected, and more where the server refuses or ends streams early`,
  ].join('\n');
}

function words(count: number): string {
  return Number.isFinite(count) ? count.toLocaleString('en-US') : 'any number of';
}
