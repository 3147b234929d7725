/** At the deadline the server closes, and a watchdog looks every 5 s whether the client has answered, until it has closed. */
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const deadlineMs = Number(process.argv[2]) * 1000;
const WATCH_MS = 5000;

serveWebSockets((webSocket) => {
  greet(webSocket);
  let watchdog: NodeJS.Timeout | undefined;
  const deadline = setTimeout(() => {
    webSocket.close(1000, 'max_duration_exceeded');
    watchdog = setInterval(() => {
      if (webSocket.readyState !== webSocket.CLOSED) webSocket.terminate();
    }, WATCH_MS);
  }, deadlineMs);
  webSocket.once('close', () => {
    clearTimeout(deadline);
    clearInterval(watchdog);
  });
});
