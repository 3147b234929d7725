/** At the deadline the server closes, and a watchdog looks every 5 s whether the client has answered. Nobody calls it off. */
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const deadlineMs = Number(process.argv[2]) * 1000;
const WATCH_MS = 5000;

serveWebSockets((webSocket) => {
  greet(webSocket);
  const deadline = setTimeout(() => {
    webSocket.close(1000, 'max_duration_exceeded');
    setInterval(() => {
      if (webSocket.readyState !== webSocket.CLOSED) webSocket.terminate();
    }, WATCH_MS);
  }, deadlineMs);
  webSocket.once('close', () => clearTimeout(deadline));
});
