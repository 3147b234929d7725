/** A ping every half minute, until the WebSocket closes. */
import { greet, serveWebSockets } from '../serve-web-socket.ts';

serveWebSockets((webSocket) => {
  greet(webSocket);
  const heartbeat = setInterval(() => webSocket.ping(), 30_000);
  webSocket.once('close', () => clearInterval(heartbeat));
});
