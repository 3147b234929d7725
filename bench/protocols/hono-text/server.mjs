/** Hono's `streamText` on @hono/node-server: a text that comes in pieces. */
import { serve as listen } from '@hono/node-server';
import { Hono } from 'hono';
import { streamText } from 'hono/streaming';

/** `tell(stream)`: goes on until the client leaves. */
export function serve(tell) {
  const app = new Hono();
  app.get('/story', (c) =>
    streamText(c, async (stream) => {
      await stream.write('Once upon a time ');
      await tell(stream);
    }),
  );
  listen({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' });
}
