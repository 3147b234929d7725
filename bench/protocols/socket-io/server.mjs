/** Socket.IO as its documentation shows: a middleware that refuses, rooms, events to everybody in one. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { createSlots } from '../slots.mjs';

/** `enter(socket)`: notes who is online. */
export function serve(enter) {
  const slots = createSlots(5);
  const server = createServer();
  const io = new Server(server, { pingInterval: 1000, pingTimeout: 10_000 });

  io.use((socket, next) => {
    const free = slots.take(socket.handshake.query.room);
    // Of the connection, not of the socket: whoever is gone before the middleware is through never disconnects.
    if (free !== null) socket.conn.once('close', free);
    next(free === null ? new Error('full') : undefined);
  });

  io.on('connection', (socket) => {
    const { room } = socket.handshake.query;
    enter(socket);
    socket.join(room);
    socket.emit('hello', { room });
  });

  setInterval(() => io.emit('tick', { at: Date.now() }), 500);
  server.listen(Number(process.env.PORT), '127.0.0.1');
}
