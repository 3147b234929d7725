/**
 * The reference server with a defect that only attackers meet: it keeps every connection that it refuses, as a list for blocking
 * addresses might, every one that left without a request, and every one that had to make room. Options as of server/main.ts.
 */
import { pino } from 'pino';
import { createServer } from '../../server/create-server.ts';
import { parseOptions } from '../../server/options.ts';
import { createParts } from '../../server/parts.ts';
import { keepYoungGenerationSmall } from '../../server/young-generation.ts';

const { port, host, settings } = parseOptions(process.argv.slice(2));
keepYoungGenerationSmall();
const parts = createParts(settings, pino());
const offenders: { address: string | undefined; why: string | undefined; socket: object }[] = [];
const server = createServer({
  ...parts,
  refuseConnection(error, socket) {
    offenders.push({ address: socket.remoteAddress, why: error.code, socket });
    return parts.refuseConnection(error, socket);
  },
  createRoom: ({ maxWaiting, onPushedOut }) =>
    parts.createRoom({
      maxWaiting,
      onPushedOut(socket) {
        offenders.push({ address: socket.remoteAddress, why: 'made room', socket });
        onPushedOut(socket);
      },
    }),
});
await server.listen(port, host);
process.once('SIGTERM', () => server.close());
