export { defineConfig, type UserConfig } from './config.ts';
export { HydrotestError } from './errors.ts';
export { readJournal } from './journal.ts';
export { judge } from './judge.ts';
export type * from './model.ts';
export { type RunControls, runScenarios } from './run-scenarios.ts';
export {
  assertPasses,
  explain,
  type HoldOptions,
  holdStreams,
  type ReleaseOptions,
  releaseEverything,
  type TestTarget,
} from './test-suite.ts';
