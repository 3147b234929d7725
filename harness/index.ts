export { defineConfig, type UserConfig } from './config.ts';
export { HydrotestError } from './errors.ts';
export { readJournal } from './journal.ts';
export { judge } from './judge.ts';
export type * from './model.ts';
