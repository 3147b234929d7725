import type { BehaviourName, OpenStream, StreamRequest } from '../model.ts';
import { behaviours } from './behaviours.ts';
import { McpStream } from './mcp-session.ts';

/** Opens a stream for a client that behaves so, over whichever protocol the request says. Throws as the behaviour does. */
export function openStream(behaviour: BehaviourName, request: StreamRequest): OpenStream {
  const client = behaviours[behaviour];
  return request.protocol?.session === 'mcp' ? new McpStream(request, client) : client.open(request);
}
