import type { ProtocolPlan } from '../model.ts';
import { type MessageMeaning, meaningOf } from './message-rules.ts';
import type { Protocol } from './protocol.ts';
import { protocols } from './protocols.ts';

/** A plan, ready for use: one for all its streams. */
export interface Conversation {
  plan: ProtocolPlan;
  protocol: Protocol;
  meaning: MessageMeaning;
  /** Whether a no may come behind a head that said yes: in a close frame, or as the first message. */
  refusesLate: boolean;
  /** Whether a 200 may be a no, with a JSON text in place of the stream. */
  refusesInBody: boolean;
}

/** What a stream is without a plan: an event stream that ends with `event: close`. */
export const defaultPlan: ProtocolPlan = {
  name: 'sse',
  body: null,
  sends: [],
  replies: {},
  event: null,
  end: { on: 'event', value: 'close' },
  finite: false,
  eventId: null,
  refusals: ['429'],
  session: null,
};

const known = new WeakMap<ProtocolPlan, Conversation>();

export function conversationOf(plan: ProtocolPlan = defaultPlan): Conversation {
  let conversation = known.get(plan);
  if (conversation === undefined) {
    const protocol = protocols[plan.name];
    const refusesBy = (kind: string) => plan.refusals.some((refusal) => refusal.startsWith(`${kind} `));
    conversation = {
      plan,
      protocol,
      meaning: meaningOf(plan),
      refusesLate: refusesBy('close') || refusesBy('message'),
      refusesInBody: refusesBy('error'),
    };
    known.set(plan, conversation);
  }
  return conversation;
}

/** The refusal that a first message is, as a tally names it; null: it is none. */
export function refusingMessage(data: string, { refusals }: ProtocolPlan): string | null {
  const beginning = 'message ';
  const refusal = refusals.find(
    (one) => one.startsWith(beginning) && data.startsWith(one.slice(beginning.length)),
  );
  return refusal ?? null;
}

/** Whether a JSON text is an error of JSON-RPC (2.0, §5.1) that is among the refusals; the code, or null. */
export function refusingError(text: string, { refusals }: ProtocolPlan): string | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const error = value !== null && typeof value === 'object' && 'error' in value ? value.error : null;
  if (error === null || typeof error !== 'object' || !('code' in error)) return null;
  const refusal = `error ${String(error.code)}`;
  return refusals.includes(refusal) ? refusal : null;
}
