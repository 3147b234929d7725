/** The same server with the usual mistake: sessions are listed "for later", and nobody takes them off the list. */
import { createChannel, createSession } from 'better-sse';
import express from 'express';

const app = express();
const clock = createChannel();
const sessions = [];

setInterval(() => clock.broadcast(new Date().toISOString(), 'tick'), 500);

app.get('/events', async (req, res) => {
  const session = await createSession(req, res);
  session.push('welcome', 'hello');
  clock.register(session);
  sessions.push(session);
});

app.listen(Number(process.env.PORT), '127.0.0.1');
