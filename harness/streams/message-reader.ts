import type { BodyReader, ReaderOptions } from './body-reader.ts';
import { valueAt } from './message-rules.ts';

/** What readers have in common whose events are whole texts, with an id in their JSON or with none. */
export abstract class MessageReader implements BodyReader {
  failure: string | null = null;
  lastEventId = '';
  readonly retryMs = null;
  protected readonly options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.options = options;
  }

  abstract readonly isInside: boolean;
  abstract push(bytes: Buffer): void;
  abstract finish(): string | null;
  abstract restart(): void;

  protected deliver(data: string): void {
    const { eventId, order, onEvent } = this.options;
    const id = eventId === null ? undefined : valueAt(data, eventId);
    if (id !== undefined) this.lastEventId = id;
    order.see(id, data);
    onEvent({ id, data });
  }
}
