import type { IncomingMessage } from 'node:http';
import type { StartAt } from '../event-log/types.ts';
import { requestQuery } from './route.ts';

/**
 * From the event behind the last one (its id is an offset in the file), or with the most recent events. A browser
 * sends `Last-Event-ID` only when it reconnects by itself; a new EventSource has nothing but its URL to say it with.
 * The header wins, as it is the newer of the two: the URL stays the same through all reconnects. `recent` asks for fewer events
 * than a stream starts with otherwise.
 */
export function startAt(request: IncomingMessage, recentEvents: number): StartAt {
  const query = requestQuery(request);
  const lastEventId = request.headers['last-event-id'] ?? query.get('lastEventId');
  if (typeof lastEventId === 'string' && /^\d{1,15}$/.test(lastEventId)) {
    return { offset: Number(lastEventId) };
  }
  const recent = query.get('recent') ?? '';
  const asked = /^\d{1,15}$/.test(recent) ? Number(recent) : recentEvents;
  return { recentEvents: Math.min(asked, recentEvents) };
}
