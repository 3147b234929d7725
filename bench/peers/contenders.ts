import { artillery } from './artillery.ts';
import { autocannon } from './autocannon.ts';
import type { Contender } from './contender.ts';
import { gatling } from './gatling/gatling.ts';
import { locust } from './locust/locust.ts';
import { bareSockets, eventsource, nodeHttp, ours, undici } from './node-clients.ts';

export const contenders: Contender[] = [
  ours,
  bareSockets,
  nodeHttp,
  undici,
  eventsource,
  autocannon,
  gatling,
  locust,
  artillery,
];

/** Tools that hold event streams too, and why there is no row for them. */
export const notRun: { name: string; why: string }[] = [
  {
    name: 'k6 with xk6-sse',
    why: 'has to be built from source, and neither `go.k6.io/xk6` nor `github.com/phymbert/xk6-sse` is served by the Go module proxy (asked on 2026-11-25)',
  },
];
