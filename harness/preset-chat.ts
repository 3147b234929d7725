import type { ProtocolPlan } from './model.ts';
import type { Ask } from './presets.ts';

/**
 * A short chat with the first model that the server offers at `…/models`, which OpenAI's API and those made after it have; where
 * nobody answers there, with the name `default`, which servers with a single model do not look at.
 */
export async function prepareChat(plan: ProtocolPlan, url: string, ask: Ask): Promise<ProtocolPlan> {
  if (plan.body !== null) return plan;
  const model = await firstModel(url, ask);
  const messages = [{ role: 'user', content: 'Count to twenty. ({key})' }];
  return { ...plan, body: JSON.stringify({ model, stream: true, messages }) };
}

async function firstModel(url: string, ask: Ask): Promise<string> {
  const models = url.replace(/\/(chat\/)?completions.*$/s, '/models');
  if (models === url) return 'default';
  try {
    const { data } = JSON.parse(await ask(models)) as { data?: { id?: unknown }[] };
    const id = data?.[0]?.id;
    return typeof id === 'string' ? id : 'default';
  } catch {
    // Not every server lists its models.
    return 'default';
  }
}
