import type { Fault } from '../fault.ts';
import { diskFaults } from './disk.ts';
import { harnessFaults } from './harness.ts';
import { targetFaults } from './target.ts';

export const faults: readonly Fault[] = [...harnessFaults, ...targetFaults, ...diskFaults];
