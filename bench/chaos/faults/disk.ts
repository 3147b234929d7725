import { chmodSync, closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Anchor, Fault, Scene } from '../fault.ts';
import type { RunKind, TargetName } from '../run-kinds.ts';

const SHORT: readonly RunKind['name'][] = ['limit', 'timeout', 'tabs', 'hold', 'orphans'];
const ANY_TARGET: readonly TargetName[] = ['reference', 'plain', 'python'];
const IN_THE_RUN: readonly Anchor[] = ['journal', 'ready', 'ready', 'ready', 'clean-up', 'end'];

/** Room for the journal, the logs and a part of the reports. */
const DISK_KB = 4096;
const FILLER = 'filler';

/** Kilobytes that a file may have: less than the journal, than report.json, or than report.html. */
const FILE_LIMITS_KB = [2, 8, 24, 100];

const nothing = () => {};

export const diskFaults: readonly Fault[] = [
  {
    name: 'disk-full',
    describes: `something else fills the disk, a file system of ${DISK_KB / 1024} MB`,
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: IN_THE_RUN,
    // 4: the reports could not be written, the verdict was a good one. 1: a target that logs to the disk crashed on it first.
    endings: [1, 3, 4],
    unfit: ({ canMount }) => (canMount ? null : 'no file system can be mounted here'),
    async prepare({ sandbox }) {
      sandbox.mount(sandbox.outDir, ['-t', 'tmpfs', '-o', `size=${DISK_KB}k`, 'none']);
      return nothing;
    },
    async strike({ sandbox }) {
      fill(join(sandbox.outDir, FILLER));
      return true;
    },
    relieve: ({ sandbox }) => rmSync(join(sandbox.outDir, FILLER), { force: true }),
  },
  {
    name: 'file-limit',
    describes: 'no file may grow beyond 2 to 100 kB (ulimit -f)',
    kinds: SHORT,
    targets: ['reference', 'python'],
    anchors: [],
    endings: [3, 4],
    async prepare({ launch, random }) {
      const limit = FILE_LIMITS_KB[Math.floor(random() * FILE_LIMITS_KB.length)] ?? 2;
      launch.through = ['bash', '-c', `ulimit -f ${limit}; exec "$0" "$@"`];
      return nothing;
    },
  },
  {
    name: 'out-not-writable',
    describes: 'the output folder cannot be made: a file has its name, or its file system is read-only',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: [],
    endings: [2],
    async prepare(scene, { canMount }) {
      const { sandbox, launch, random } = scene;
      if (canMount && random() < 0.5) {
        sandbox.mount(sandbox.outDir, ['-t', 'tmpfs', '-o', 'ro,size=64k', 'none']);
        return nothing;
      }
      launch.outDir = join(sandbox.outDir, 'taken');
      writeFileSync(launch.outDir, 'a file\n');
      return nothing;
    },
  },
  {
    name: 'journal-removed',
    describes: 'the journal is removed while it is written',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: ['journal', 'ready', 'ready', 'clean-up'],
    endings: [3],
    takesJournal: true,
    async strike({ sandbox }) {
      const run = sandbox.runFolder();
      if (run === null) return false;
      rmSync(join(run, 'journal.ndjson'));
      return true;
    },
  },
  {
    name: 'run-folder-removed',
    describes: 'the folder of the run is removed in the run',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: ['journal', 'ready', 'ready', 'clean-up'],
    // 4: it came as the reports were written, which have no place any more.
    endings: [3, 4],
    takesJournal: true,
    async strike({ sandbox }) {
      const run = sandbox.runFolder();
      if (run === null) return false;
      rmSync(run, { recursive: true, maxRetries: 5 });
      return true;
    },
  },
  {
    name: 'reports-read-only',
    describes: 'the folder of the run becomes read-only',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: ['journal', 'ready', 'ready', 'clean-up'],
    freezesFolder: true,
    // 4: the verdict was a good one, and its reports could not be written. 3: the target's files could not, either.
    endings: [3, 4],
    async prepare() {
      return nothing;
    },
    async strike(scene) {
      const run = scene.sandbox.runFolder();
      if (run === null) return false;
      makeReadOnly(scene, run);
      return true;
    },
    relieve({ sandbox }) {
      sandbox.unmount();
      const run = sandbox.runFolder();
      if (run !== null) chmodSync(run, 0o755);
    },
  },
];

/** What root may write to whatever its mode is read-only by a second mount on top of itself. */
function makeReadOnly({ sandbox }: Scene, folder: string): void {
  chmodSync(folder, 0o555);
  if (process.getuid?.() !== 0) return;
  sandbox.mount(folder, ['--bind', folder]);
  sandbox.mount(folder, ['-o', 'remount,bind,ro']);
}

/** Writes until there is no room for a single byte. */
function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (let size = 65_536; size >= 1; ) {
      try {
        writeSync(fd, Buffer.alloc(size, 1));
      } catch {
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(fd);
  }
}
