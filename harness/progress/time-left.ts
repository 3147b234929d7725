import type { RunConfig, Scenario } from '../model.ts';

/**
 * Until the run ends, in milliseconds; null where that is not known: one of the scenarios has no typical duration, or this one
 * has taken longer than it usually does and nothing tells how much longer. It knows nothing of suspected leaks, which are
 * measured again.
 *
 * @param rest The scenario that runs, which has run for `spentMs`, and those behind it.
 * @param measurementLeftMs What the measurement in progress still takes, by its own pace; null: unknown.
 */
export function timeLeft(
  config: RunConfig,
  rest: readonly Scenario[],
  spentMs: number,
  measurementLeftMs: number | null,
): number | null {
  const [current, ...later] = rest;
  if (current === undefined) return null;
  const expected = expectedMs(current, config);
  const usual = expected === null || expected < spentMs ? null : expected - spentMs;
  if (usual === null && measurementLeftMs === null) return null;
  let sum = Math.max(usual ?? 0, measurementLeftMs ?? 0);
  for (const scenario of later) {
    if (scenario.unfit(config) !== null) continue;
    const ms = expectedMs(scenario, config);
    if (ms === null) return null;
    sum += ms;
  }
  return sum;
}

function expectedMs(scenario: Scenario, config: RunConfig): number | null {
  return scenario.expectedMs?.({ ...config, ...scenario.configure?.(config) }) ?? null;
}
