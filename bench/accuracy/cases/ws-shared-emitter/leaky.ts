/** Each WebSocket listens to the emitter that all share, and is never taken off it. */
import { EventEmitter } from 'node:events';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

// Without the warning that Node gives at the eleventh listener, as people do who are tired of it.
const news = new EventEmitter().setMaxListeners(0);

setInterval(() => news.emit('message', '{"news":true}'), 10_000);

serveWebSockets((webSocket) => {
  greet(webSocket);
  news.on('message', (text) => webSocket.send(text));
});
