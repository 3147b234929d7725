/** Each socket's listener stays on the bus, and holds the socket. */
import { serve } from './server.mjs';

serve((bus, socket) => {
  bus.on('tick', (at) => socket.send(JSON.stringify({ type: 'tick', at })));
});
