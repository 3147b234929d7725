/** Hono's `streamSSE` on @hono/node-server: a listener on the application's own bus, taken off by `onAbort`. */
import { EventEmitter } from 'node:events';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';

const app = new Hono();
const bus = new EventEmitter().setMaxListeners(0);

setInterval(() => bus.emit('tick', new Date().toISOString()), 500);

app.get('/events', (c) =>
  streamSSE(c, async (stream) => {
    await stream.writeSSE({ event: 'hello', data: 'welcome' });
    await new Promise((leave) => {
      const onTick = (time) => stream.writeSSE({ event: 'tick', data: time });
      bus.on('tick', onTick);
      stream.onAbort(() => {
        bus.off('tick', onTick);
        leave();
      });
    });
  }),
);

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' });
