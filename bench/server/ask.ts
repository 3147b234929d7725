import type { ChildProcess, Serializable } from 'node:child_process';
import { once } from 'node:events';

/**
 * Sends a message to a forked process and resolves with its next one: one question at a time. Rejects when the process ends
 * instead of answering.
 */
export async function ask<Answer>(child: ChildProcess, question: Serializable): Promise<Answer> {
  const answered = new AbortController();
  const ended = once(child, 'exit', { signal: answered.signal }).then(([code, signal]) => {
    throw new Error(`process ${child.pid} ended with ${code ?? signal} instead of answering`);
  });
  ended.catch(() => {}); // aborted below, or reported by the race
  try {
    const answer = once(child, 'message', { signal: answered.signal });
    child.send(question);
    const [message] = await Promise.race([answer, ended]);
    return message as Answer;
  } finally {
    answered.abort();
  }
}
