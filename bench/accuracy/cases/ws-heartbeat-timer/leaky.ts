/** A ping every half minute that nobody stops: `ping` says nothing on a WebSocket that has closed, and its timer holds it. */
import { greet, serveWebSockets } from '../serve-web-socket.ts';

serveWebSockets((webSocket) => {
  greet(webSocket);
  setInterval(() => webSocket.ping(), 30_000);
});
