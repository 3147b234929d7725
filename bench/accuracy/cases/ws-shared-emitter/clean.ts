/** Each WebSocket listens to the emitter that all share, until it closes. */
import { EventEmitter } from 'node:events';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const news = new EventEmitter().setMaxListeners(0);

setInterval(() => news.emit('message', '{"news":true}'), 10_000);

serveWebSockets((webSocket) => {
  greet(webSocket);
  const send = (text: string) => webSocket.send(text);
  news.on('message', send);
  webSocket.once('close', () => news.off('message', send));
});
