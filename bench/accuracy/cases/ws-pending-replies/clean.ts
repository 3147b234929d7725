/** The server asks each client something and remembers whom it asked. Who leaves without an answer is forgotten. */
import { serveWebSockets } from '../serve-web-socket.ts';

const pending = new Map<number, { question: string; askedAt: Date; resolve: (answer: string) => void }>();
let lastId = 0;

serveWebSockets((webSocket) => {
  const id = ++lastId;
  const question = JSON.stringify({ id, method: 'capabilities' });
  webSocket.send(question);
  new Promise<string>((resolve) => pending.set(id, { question, askedAt: new Date(), resolve })).then(() =>
    pending.delete(id),
  );
  webSocket.on('message', (answer) => pending.get(id)?.resolve(String(answer)));
  webSocket.once('close', () => pending.delete(id));
});
