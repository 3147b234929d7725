import type { QuietReading } from '../model.ts';
import { createRandom } from '../random.ts';
import type { Session } from '../session.ts';
import { readingOf } from './entries.ts';

/** Above what Linux gives out (proc_sys_kernel(5), pid_max): nothing is there to drain. */
const NO_PID = 2 ** 22 + 1;
const HEAP_BYTES = 8e6;

export interface SimulatedTarget {
  /** Bytes that are still there after so much work. */
  keeps(dose: number): number;
  noiseBytes?: number;
  probe?: 'heap' | 'anonymous';
  rssBytes?: (dose: number) => number;
  /** Its processes, by name; another name is another process. */
  identity?: (dose: number) => string;
  /** False: this reading, counted from 1, has no heap. */
  hasHeap?: (reading: number) => boolean;
}

/**
 * A session whose readings are worked out from the work done, to some ±4 KB. There is no process behind it: for what depends on
 * the numbers alone, such as how long a measurement goes on.
 */
export function sessionOf(
  target: SimulatedTarget,
  done: () => number,
  { onPlant = () => {} }: { onPlant?(bytes: number): void } = {},
): Session {
  const noise = createRandom(3);
  const level = target.probe ?? 'heap';
  let plantedBytes = 0;
  let readingCount = 0;
  const read = () => readingOf({ rssBytes: target.rssBytes?.(done()) ?? 100e6 });
  return {
    target: {
      kind: 'attached',
      pid: NO_PID,
      command: null,
      listener: null,
      listens: null,
      exited: new Promise(() => {}),
      isAlive: () => true,
      lastOutput: () => '',
      stop: () => Promise.resolve({ code: null, signal: null, forced: false }),
    },
    port: 0,
    probe: {
      capabilities: {
        level,
        collects: level === 'heap',
        plants: level === 'heap',
        tree: true,
        sockets: true,
      },
      read: () => Promise.resolve(read()),
      readQuiet(): Promise<QuietReading> {
        const wavering = (noise() - 0.5) * 2 * (target.noiseBytes ?? 4000);
        const bytes = Math.round(HEAP_BYTES + target.keeps(done()) + plantedBytes + wavering);
        const hasHeap = level === 'heap' && (target.hasHeap?.(++readingCount) ?? true);
        const heap = { usedBytes: bytes - 1e6, arrayBufferBytes: 1e6, externalBytes: null, processCount: 1 };
        return Promise.resolve({
          ...read(),
          pssBytes: null,
          anonymousBytes: level === 'heap' ? 60e6 : bytes,
          heap: hasHeap ? heap : null,
          settled: true,
        });
      },
      missing: () => null,
      plant(bytes) {
        plantedBytes += bytes;
        onPlant(bytes);
        return Promise.resolve();
      },
      unplant() {
        plantedBytes = 0;
        return Promise.resolve();
      },
      identity: () => Promise.resolve(target.identity?.(done()) ?? 'one'),
      close: () => Promise.resolve(),
    },
  };
}
