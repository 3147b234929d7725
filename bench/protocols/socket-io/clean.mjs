import { serve } from './server.mjs';

const online = new Map();

serve((socket) => {
  online.set(socket.id, socket);
  socket.on('disconnect', () => online.delete(socket.id));
});
