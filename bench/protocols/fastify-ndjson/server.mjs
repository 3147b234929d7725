/** A Fastify route that answers with a stream of lines. */
import Fastify from 'fastify';
import { createSlots } from '../slots.mjs';

/** `lines()`: a stream that greets and then has a line every half second. */
export async function serve(lines) {
  const slots = createSlots(5);
  const app = Fastify({ forceCloseConnections: true });

  app.get('/feed/:key', (request, reply) => {
    const free = slots.take(request.params.key);
    if (free === null) return reply.code(429).header('Retry-After', '1').send({ error: 'too many streams' });
    reply.raw.once('close', free);
    return reply.type('application/x-ndjson').send(lines());
  });

  await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
}

export function line(type) {
  return `${JSON.stringify({ type, at: Date.now() })}\n`;
}
