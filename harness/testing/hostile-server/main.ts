/**
 * The hostile server as a process: `node main.ts --route <name> [--port <n>]`; `--list` names the routes.
 * It ends with SIGTERM.
 */
import { parseArgs } from 'node:util';
import { escapes } from './escapes.ts';
import { hostileRoutes } from './routes.ts';
import { startHostileServer } from './server.ts';

const { values } = parseArgs({
  options: {
    route: { type: 'string', default: '' },
    port: { type: 'string', default: process.env.PORT ?? '0' },
    list: { type: 'boolean', default: false },
  },
});

const route = hostileRoutes[values.route];
if (values.list) {
  for (const [name, { does }] of Object.entries(hostileRoutes)) process.stdout.write(`${name}: ${does}\n`);
} else if (route === undefined) {
  process.stderr.write(`there is no route ${JSON.stringify(values.route)}: see --list\n`);
  process.exitCode = 2;
} else {
  const { url } = await startHostileServer(route, Number(values.port));
  process.stdout.write(`listening at ${url}\n`);
  // A log is shown, too, when a target dies.
  if (values.route === 'escapes-in-the-log') {
    process.stdout.write(`${escapes}\n`);
    setTimeout(() => {
      process.stdout.write(`dying ${escapes}\n`);
      process.exit(1);
    }, 1_000);
  }
}
