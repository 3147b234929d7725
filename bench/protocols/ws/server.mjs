/** `ws` as its README shows: rooms with a limit, which is said by a close code, and one heartbeat for all sockets. */
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { createSlots } from '../slots.mjs';

/** `follow(bus, socket)`: sends what is published to the socket, as long as it is open. */
export function serve(follow) {
  const slots = createSlots(5);
  const bus = new EventEmitter().setMaxListeners(0);
  const server = createServer();
  const sockets = new WebSocketServer({ server });

  sockets.on('connection', (socket, request) => {
    socket.on('error', () => {});
    const free = slots.take(request.url);
    if (free === null) {
      socket.close(4429, 'the room is full');
      return;
    }
    socket.isAlive = true;
    socket.on('pong', () => {
      socket.isAlive = true;
    });
    socket.on('close', free);
    follow(bus, socket);
    socket.send(JSON.stringify({ type: 'hello', room: request.url }));
  });

  setInterval(() => bus.emit('tick', Date.now()), 500);
  setInterval(() => {
    for (const socket of sockets.clients) {
      if (!socket.isAlive) socket.terminate();
      socket.isAlive = false;
      if (socket.readyState === socket.OPEN) socket.ping();
    }
  }, 5000);
  server.listen(Number(process.env.PORT), '127.0.0.1');
}
