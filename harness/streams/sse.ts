import { EventReader } from './event-reader.ts';
import { eventStreamHeaders } from './http-request.ts';
import type { Protocol } from './protocol.ts';
import { responseKind } from './response-kind.ts';

/** Server-Sent Events as an EventSource asks for them (the HTML standard, §9.2). */
export const sse: Protocol = {
  name: 'sse',
  describes: "Server-Sent Events over GET, as a browser's EventSource asks for them",
  transport: 'http/1.1',
  headers: eventStreamHeaders,
  judge: (head) => responseKind(head, 'text/event-stream'),
  createReader: (options) => new EventReader(options),
  lacks: new Set(),
  resumesByHeader: true,
};
