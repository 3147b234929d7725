/** better-sse on Express, as its guide says: a session for each client, a channel for what all of them get. */
import { createChannel, createSession } from 'better-sse';
import express from 'express';

const app = express();
const clock = createChannel();

setInterval(() => clock.broadcast(new Date().toISOString(), 'tick'), 500);

app.get('/events', async (req, res) => {
  const session = await createSession(req, res);
  session.push('welcome', 'hello');
  clock.register(session);
});

app.listen(Number(process.env.PORT), '127.0.0.1');
