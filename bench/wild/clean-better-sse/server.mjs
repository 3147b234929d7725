import { createChannel, createSession } from 'better-sse';
import express from 'express';

const app = express();
const ticker = createChannel();
setInterval(() => ticker.broadcast({ at: Date.now() }, 'tick'), 300);

app.get('/events', async (req, res) => {
  const session = await createSession(req, res);
  session.push('welcome');
  ticker.register(session);
});
app.listen(Number(process.env.PORT), '127.0.0.1');
