/** aimock, a mock of the APIs of language models that has an OpenAI-compatible `/v1/chat/completions`, as a server of its own. */
import { LLMock } from '@copilotkit/aimock';

/** `journalMaxEntries`: how many requests it remembers; 0: all of them. */
export async function serve(journalMaxEntries) {
  const mock = new LLMock({ port: Number(process.env.PORT), journalMaxEntries });
  mock.onMessage(/./, { content: 'one two three four five six seven' }, { latency: 50, chunkSize: 6 });
  await mock.start();
}
