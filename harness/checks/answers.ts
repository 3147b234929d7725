import type { MessageRule, RunConfig, StreamRecord } from '../model.ts';

type Protocol = Pick<RunConfig, 'protocol'>;

/** The status with which a stream is accepted: a WebSocket switches protocols. */
export function acceptedStatus({ protocol }: Protocol): string {
  return protocol.name === 'websocket' ? '101' : '200';
}

/** How many of these answers say that the limit is met. */
export function limitedCount(statuses: Record<string, number>, { protocol }: Protocol): number {
  return protocol.refusals.reduce((sum, refusal) => sum + (statuses[refusal] ?? 0), 0);
}

/** What a stream was told, as a tally names it: a status, or the refusal that came behind it. */
export function saidBy({
  status,
  answer,
  ending,
  error,
}: Pick<StreamRecord, 'status' | 'answer' | 'ending' | 'error'>): string {
  if (ending === 'refused' && answer === 'limited' && error !== null && /^(close|error|message) /.test(error))
    return error;
  return status === null ? 'none' : String(status);
}

/**
 * How the target says that its limit is met, for people: `429`.
 *
 * @param said what was said, of which other answers are left out; where nothing of it is a refusal, all refusals are named
 */
export function refusalWords({ protocol }: Protocol, said: Iterable<string>): string {
  const seen = new Set(said);
  const used = protocol.refusals.filter((refusal) => seen.has(refusal));
  return (used.length === 0 ? protocol.refusals : used).join(' or ');
}

/** By what the target says that it ends a stream, for people; null: the protocol has nothing for it but the end. */
export function goodbyeWords({ protocol: { name, end } }: Protocol): string | null {
  if (end !== null) return `"${ruleWords(end)}"`;
  return name === 'websocket' ? 'a close frame' : null;
}

/** A rule as it stands in the messages. */
function ruleWords(rule: MessageRule): string {
  switch (rule.on) {
    case 'event':
      return `event: ${rule.value}`;
    case 'data':
      return rule.value;
    case 'prefix':
      return `${rule.value}…`;
    case 'property':
      return `${rule.path.join('.')}=${rule.value}`;
  }
}
