import { serve } from './server.mjs';

serve((bus, socket) => {
  const onTick = (at) => socket.send(JSON.stringify({ type: 'tick', at }));
  bus.on('tick', onTick);
  socket.on('close', () => bus.off('tick', onTick));
});
