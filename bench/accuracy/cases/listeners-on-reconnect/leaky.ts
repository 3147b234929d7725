/** A client that comes back with a Last-Event-ID also listens for the replay, and nobody takes that listener away. */
import { EventEmitter } from 'node:events';
import { serve } from '../serve.ts';

const bus = new EventEmitter().setMaxListeners(0);
let lastId = 0;

serve((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(`id: ${++lastId}\ndata: hello\n\n`);
  const send = (event: string) => response.write(event);
  bus.on('event', send);
  if (request.headers['last-event-id'] !== undefined) bus.on('replay', send);
  response.once('close', () => bus.off('event', send));
});
