import { expect, test } from 'vitest';
import { flood } from './flood.ts';
import { floodLine } from './testing/hostile-server/lines.ts';
import { hostileRoutes } from './testing/hostile-server/routes.ts';
import { startHostileServer } from './testing/hostile-server/server.ts';

const { signal } = new AbortController();

/** Those that end by themselves: a stall takes the requests' own time-out of 5 s. */
test.each([
  ['tls-self-signed', /self-signed certificate/],
  ['chunk-size-endless', /line of more than 65536 bytes/],
  ['trailers-endless', /trailers of more than 1000 lines/],
  ['endless-headers', /max header size exceeded/],
  ['closes-at-once', /closed before a response/],
  ['redirect-to-host', /redirected \(302\) to "http:\/\/evil/],
  ['retry-after-negative', null],
])('short requests to %s', async (name, problem) => {
  const route = hostileRoutes[name];
  if (route === undefined) throw new Error(`there is no route ${name}`);
  const server = await startHostileServer(route);
  const result = await flood(server.url, { count: 4, connections: 4, headers: {} }, signal);
  await server.close();
  expect(floodLine(result)).toMatch(route.flood);
  if (problem === null) expect(result.problem).toBeUndefined();
  else expect(result.problem).toMatch(problem);
});
