import { type LookupAddress, lookup as lookupName } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isLoopback } from '../loopback.ts';
import { takeTurn } from './pace.ts';

/**
 * Which addresses this process dials: loopback, and no other unless somebody was told and has allowed it (`openRoutes`). What counts is the
 * address and not how it is spelled: names are resolved for each connection, and what does not lead to loopback is not dialled.
 */

/** By host, as a URL names it. Two runs in one process may be on their way to the same one. */
const routes = new Map<string, { addresses: LookupAddress[]; userCount: number }>();

/**
 * Allows these hosts, each at the addresses that it was resolved to: a name that leads elsewhere later is not followed.
 * Returns what takes it back.
 */
export function openRoutes(addresses: Readonly<Record<string, string[]>>): () => void {
  for (const [host, list] of Object.entries(addresses)) {
    const known = routes.get(host);
    if (known !== undefined) known.userCount += 1;
    else
      routes.set(host, { addresses: list.map((one) => ({ address: one, family: isIP(one) })), userCount: 1 });
  }
  let isOpen = true;
  return () => {
    if (!isOpen) return;
    isOpen = false;
    for (const host of Object.keys(addresses)) {
      const route = routes.get(host);
      if (route === undefined) continue;
      route.userCount -= 1;
      if (route.userCount === 0) routes.delete(host);
    }
  };
}

/** Where a connection goes: a literal loopback address as it is, anything else by a look-up of ours. */
export interface Way {
  host: string;
  lookup?: LookupFunction;
}

/** A socket asks its look-up for names alone; so what is no name gets one. Reserved (RFC 2606), and never asked for. */
const PLACEHOLDER = 'hydrotest.invalid';

/** How names are looked up, as `dns.lookup` does with `all`. */
export type LookupAll = (
  name: string,
  options: { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** The way to a host, for `net.connect`. What must not be dialled fails as a connection does, with the reason. */
export function wayTo(host: string, lookup: LookupAll = lookupName): Way {
  const route = routes.get(host);
  if (route !== undefined) return { host: PLACEHOLDER, lookup: pinned(route.addresses) };
  if (isIP(host) === 0) return { host: host.replace(/\.$/, ''), lookup: toLoopback(lookup) };
  return isLoopback(host) ? { host } : { host: PLACEHOLDER, lookup: refuse(host, [host]) };
}

/** One socket may try each of several addresses, one after the other: then it takes as many turns. */
function pinned(addresses: LookupAddress[]): LookupFunction {
  return (_name, options, done) => {
    takeTurn(addresses.length, () => answer(addresses, options, done));
  };
}

function toLoopback(lookup: LookupAll): LookupFunction {
  return (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, '', 0);
      const strangers = addresses.filter(({ address }) => !isLoopback(address)).map(({ address }) => address);
      if (strangers.length > 0) return refuse(name, strangers)(name, options, done);
      answer(addresses, options, done);
    });
  };
}

type Options = Parameters<LookupFunction>[1];
type Done = Parameters<LookupFunction>[2];

function answer(addresses: LookupAddress[], { all, family }: Options, done: Done): void {
  const wanted = { 4: 4, 6: 6, IPv4: 4, IPv6: 6 }[String(family)];
  const fitting = addresses.filter((one) => wanted === undefined || one.family === wanted);
  const [first] = fitting;
  if (first === undefined) done(new Error(`no address of family ${wanted}`), '', 0);
  else if (all) done(null, fitting);
  else done(null, first.address, first.family);
}

function refuse(host: string, addresses: string[]): LookupFunction {
  return (_name, _options, done) => {
    const where = addresses.includes(host) ? host : `${host}, which is at ${addresses.join(', ')},`;
    // Not within the call: the socket has no listener for its error yet.
    setImmediate(() =>
      done(
        new Error(`${where} was not dialled: it is no loopback address, and not one of this run's`),
        '',
        0,
      ),
    );
  };
}
