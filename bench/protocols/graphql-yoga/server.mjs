/** GraphQL Yoga with a subscription, over SSE. */
import { createServer } from 'node:http';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import { createSlots } from '../slots.mjs';

/** `ticks(bus)`: what a subscriber gets, an async iterator. */
export function serve(ticks) {
  const slots = createSlots(5);
  const bus = createPubSub();
  const schema = createSchema({
    typeDefs: 'type Query { ok: Boolean! } type Subscription { tick: Float! }',
    resolvers: {
      Query: { ok: () => true },
      Subscription: { tick: { subscribe: () => ticks(bus), resolve: (at) => at } },
    },
  });
  const yoga = createYoga({ schema, logging: false, graphiql: false });

  const server = createServer((request, response) => {
    // Queries, introspection among them, are answered whatever is open.
    if (request.headers.accept?.includes('text/event-stream')) {
      const user = new URL(request.url, 'http://localhost').searchParams.get('user');
      const free = slots.take(user);
      if (free === null) {
        response.writeHead(429, { 'Content-Type': 'application/json', 'Retry-After': '1' });
        response.end(JSON.stringify({ errors: [{ message: 'too many subscriptions' }] }));
        return;
      }
      response.once('close', free);
    }
    yoga(request, response);
  });

  setInterval(() => bus.publish('tick', Date.now()), 500);
  server.listen(Number(process.env.PORT), '127.0.0.1');
}
