import { EventEmitter } from 'node:events';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';

const bus = new EventEmitter().setMaxListeners(0);
const app = new Hono();

app.get('/sse', (c) =>
  streamSSE(c, async (stream) => {
    await stream.writeSSE({ event: 'hello', data: 'ready' });
    await new Promise((done) => {
      const onTick = (t) => stream.writeSSE({ event: 'tick', data: String(t) });
      bus.on('tick', onTick);
      stream.onAbort(() => {
        bus.off('tick', onTick);
        done();
      });
    });
  }),
);

setInterval(() => bus.emit('tick', Date.now()), 1000);
serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' });
