import { scenarios as allScenarios } from '../scenarios/index.ts';
import { findBrowser } from './browser/find-browser.ts';
import { completeConfig, type UserConfig } from './config.ts';
import { HydrotestError } from './errors.ts';
import { lackOfRoom, sizeOf } from './load/room.ts';
import type { RunConfig, Scenario } from './model.ts';
import { remoteNotice, resolveRemote } from './remote.ts';
import { repeatCommand } from './repeat-command.ts';
import { type RunEnd, type RunStatus, run } from './run.ts';
import { openRoutes } from './streams/reach.ts';
import { vanishingUnavailable } from './streams/vanish.ts';
import { fill } from './template.ts';
import { version } from './version.ts';

/** What whoever starts a run wants to hear of it. */
export interface RunWatcher {
  /** Aborted to stop gently: what was measured so far is kept. */
  signal: AbortSignal;
  /** Called once, when the folder of the run is there and its journal has begun. */
  onStart?(folder: string): void;
  onStatus?(status: RunStatus): void;
  /** A scenario that does not fit this configuration was left out. */
  onSkip?(scenario: string, reason: string): void;
  /** The run is being stopped because its journal cannot be written any more, or was taken away. */
  onFailure?(error: HydrotestError): void;
  /** The target is not on loopback: what is going to be opened there. Awaited before the first connection; rejects to give up. */
  onRemote?(notice: string): Promise<void>;
  /** Something that the user should know and that takes nothing from the result. */
  onNote?(text: string): void;
}

/**
 * Checks what the user said, and runs it. Returns the folder of the run, and all that was journalled. A run of a
 * program that keeps none says by `runsFolder` where the folder is to be made, which is then no part of what is repeated.
 *
 * @throws HydrotestError `usage` when the configuration makes no sense or cannot be done on this machine, `journal` when
 * the journal cannot be made.
 */
export async function execute(user: UserConfig, watcher: RunWatcher, runsFolder?: string): Promise<RunEnd> {
  const complete = completeConfig(user);
  const local = runsFolder === undefined ? complete : { ...complete, outDir: runsFolder };
  const scenarios = selectScenarios(local.scenarios, local.paths);
  const config = await resolveRemote(local, scenarios, {
    allowRemote: user.allowRemote === true,
    isOwnRamp: user.stages === undefined && user.rate === undefined,
  });
  await checkPossible(config, scenarios);
  if (config.remote !== null) await watcher.onRemote?.(remoteNotice(config.remote));
  const closeRoutes = openRoutes(config.remote?.addresses ?? {});
  const running = run({
    config,
    scenarios,
    repeatCommand: repeatCommand(user, config.seed),
    hydrotestVersion: version(),
    signal: watcher.signal,
    onStart: watcher.onStart ?? (() => {}),
    onStatus: watcher.onStatus ?? (() => {}),
    onSkip: watcher.onSkip ?? (() => {}),
    onFailure: watcher.onFailure ?? (() => {}),
    onNote: watcher.onNote ?? (() => {}),
  });
  return running.finally(closeRoutes);
}

async function checkPossible(config: RunConfig, scenarios: Scenario[]): Promise<void> {
  for (const scenario of scenarios) {
    const reason = config.scenarios.length > 0 ? scenario.unfit(config) : null;
    if (reason !== null)
      throw new HydrotestError('usage', `--scenarios ${scenario.name} cannot run: ${reason}.`);
  }
  if (config.browser !== null) {
    if (!scenarios.some(({ name }) => name === 'tabs'))
      throw new HydrotestError(
        'usage',
        '--browser is for the scenario tabs, which is not among those to run.',
      );
    await findBrowser(config.browser.path);
  }
  if (scenarios.some(({ name }) => name === 'hold') && config.load.asked) {
    const lack = lackOfRoom(sizeOf(config.load, config.url), null);
    if (lack !== null) throw new HydrotestError('usage', `there is no room for this load: ${lack}.`);
  }
  if (config.load.mix['half-open'] !== undefined) {
    const reason = await vanishingUnavailable(fill(config.url, { port: 80, key: 'key' }));
    if (reason !== null)
      throw new HydrotestError('usage', `--mix half-open is not possible here: ${reason}.`);
  }
}

function selectScenarios(names: string[], paths: string[]): Scenario[] {
  const knownPaths = allScenarios.flatMap((scenario) => scenario.paths);
  const unknownPaths = paths.filter((path) => !knownPaths.includes(path));
  if (unknownPaths.length > 0) {
    throw new HydrotestError(
      'usage',
      `--paths ${unknownPaths.join(',')}: there is no such path. There are ${knownPaths.map((path) => path.replaceAll(' ', '-')).join(', ')}.`,
    );
  }
  if (names.length === 0) {
    return allScenarios.filter(
      (scenario) => paths.length === 0 || scenario.paths.some((path) => paths.includes(path)),
    );
  }
  const known = allScenarios.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new HydrotestError(
      'usage',
      `--scenarios ${unknown.join(',')}: there is no such scenario. There are ${known.join(', ')}.`,
    );
  }
  return allScenarios.filter(({ name }) => names.includes(name));
}
