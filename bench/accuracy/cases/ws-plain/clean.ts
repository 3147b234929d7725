/** Nothing but WebSockets: what a server costs that keeps nothing. */
import { greet, serveWebSockets } from '../serve-web-socket.ts';

serveWebSockets((webSocket) => greet(webSocket));
