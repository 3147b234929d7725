import { HydrotestError } from './errors.ts';
import type { RunConfig } from './model.ts';
import { presetOf } from './protocol-options.ts';
import { shortRequest } from './streams/short-request.ts';
import { fill, fillKey } from './template.ts';

const ASK_MS = 10_000;

/**
 * Asks the target for what its preset needs to know. Resolves with the configuration as it is where there is nothing to ask.
 *
 * @throws HydrotestError `usage` where the target does not tell what the user did not say.
 */
export async function prepareProtocol(
  config: RunConfig,
  port: number,
  signal: AbortSignal,
): Promise<RunConfig> {
  const prepare = presetOf(config.preset)?.prepare;
  if (prepare === undefined) return config;
  const key = encodeURIComponent(fillKey(config.key, config.seed, 0));
  const url = fill(config.url, { port, key, lastEventId: '' });
  const protocol = await prepare(config.protocol, url, async (asked, { body } = {}) => {
    const answer = await shortRequest(asked, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        Accept: 'application/json',
        ...(body && { 'Content-Type': 'application/json' }),
        ...config.headers,
      },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]),
    });
    if (answer.status !== 200)
      throw new HydrotestError('usage', `${asked} answered with ${answer.status}`, {
        observed: { url: asked },
      });
    return answer.body;
  });
  return { ...config, protocol };
}
