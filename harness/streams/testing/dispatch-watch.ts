import { EventSource } from 'eventsource';
import type { PageEvent } from './conformance-case.ts';

/** An event that an EventSource dispatched. */
export type Dispatch =
  | ({ kind: 'message' } & PageEvent)
  /** `isSimple`: it neither bubbles nor can it be cancelled, and carries no data. */
  | { kind: 'open' | 'error'; readyState: number; isSimple: boolean };

/**
 * Tells of everything that the EventSources of this origin dispatch, behind their own listeners; what is returned
 * ends it. An EventTarget can only be listened to by the names of events, and a page does not know those beforehand;
 * so this looks over the shoulder of the one method that all dispatches go through, and changes nothing of it.
 * One watch at a time.
 */
export function watchDispatches(origin: string, onDispatch: (dispatch: Dispatch) => void): () => void {
  const prototype = EventSource.prototype;
  if (Object.hasOwn(prototype, 'dispatchEvent')) throw new Error('dispatches are being watched already');
  const inherited = prototype.dispatchEvent;
  function dispatchEvent(this: EventSource, event: Event): boolean {
    // Before the listeners: the tab's own may close the source.
    const { readyState } = this;
    const result = inherited.call(this, event);
    if (new URL(this.url).origin === origin) onDispatch(describe(event, readyState));
    return result;
  }
  Object.defineProperty(prototype, 'dispatchEvent', { value: dispatchEvent, configurable: true });
  return () => {
    Reflect.deleteProperty(prototype, 'dispatchEvent');
  };
}

function describe(event: Event, readyState: number): Dispatch {
  if (event instanceof MessageEvent) {
    const { type, data, lastEventId } = event;
    return { kind: 'message', type, data: String(data), lastEventId };
  }
  if (event.type !== 'open' && event.type !== 'error') throw new Error(`dispatched ${event.type}`);
  const isSimple = !event.bubbles && !event.cancelable && !('data' in event);
  return { kind: event.type, readyState, isSimple };
}
