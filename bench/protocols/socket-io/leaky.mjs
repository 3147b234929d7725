/** Nobody is taken off the list of who is online. */
import { serve } from './server.mjs';

const online = new Map();

serve((socket) => online.set(socket.id, socket));
