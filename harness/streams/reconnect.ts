import type { Behaviour } from '../model.ts';
import { type ReturningManners, ReturningStream } from './returning-stream.ts';

const manners: ReturningManners = {
  behaviour: 'reconnect',
  waitMs: (retryMs) => retryMs,
  afterDial(stream, { dropAfterMs }) {
    if (dropAfterMs !== undefined) stream.dropAfter(dropAfterMs);
  },
};

export const reconnect: Behaviour = {
  name: 'reconnect',
  describes:
    'comes back after `retry:` with Last-Event-ID, as an EventSource does, but light enough for thousands',
  open: (request) => new ReturningStream(request, manners),
};
