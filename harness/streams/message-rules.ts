import type { MessageRule, ProtocolPlan } from '../model.ts';
import type { StreamEvent } from './body-reader.ts';

/** What stands at a path of a JSON text; undefined: it is no JSON, or has nothing there. */
export function jsonAt(data: string, path: readonly string[]): unknown {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  for (const name of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** As text what stands there; undefined also for what is no text, number or boolean. */
export function valueAt(data: string, path: readonly string[]): string | undefined {
  const value = jsonAt(data, path);
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
}

export function matches(rule: MessageRule, event: StreamEvent): boolean {
  switch (rule.on) {
    case 'event':
      return event.event === rule.value;
    case 'data':
      return event.data === rule.value;
    case 'prefix':
      return event.data.startsWith(rule.value);
    case 'property':
      // Most events are not meant: they need not be parsed for it.
      return event.data.includes(rule.value) && valueAt(event.data, rule.path) === rule.value;
  }
}

/** What the rules of a plan say of an event. */
export interface MessageMeaning {
  isEvent(event: StreamEvent): boolean;
  isEnd(event: StreamEvent): boolean;
}

const everything = () => true;
const nothing = () => false;

export function meaningOf({ event, end }: Pick<ProtocolPlan, 'event' | 'end'>): MessageMeaning {
  return {
    isEvent: event === null ? everything : (one) => matches(event, one),
    isEnd: end === null ? nothing : (one) => matches(end, one),
  };
}
