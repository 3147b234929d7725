import { chmodSync, closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { JOURNAL_NAME } from '../../../harness/journal.ts';
import {
  ANY_TIME,
  type Fault,
  FROM_THE_BEGINNING,
  type LiveScene,
  type Scene,
  WHILE_MEASURED,
} from '../fault.ts';
import { ANY_TARGET, SHORT } from '../run-kinds.ts';

/** Room for the journal, the logs and a part of the reports. */
const DISK_KB = 4096;
const FILLER = 'filler';

/** Kilobytes that a file may have: less than the journal, than report.json, or than report.html. */
const FILE_LIMITS_KB = [2, 8, 24, 100];

/** False: there is no folder of a run. */
const inRunFolder =
  (deed: (run: string, scene: LiveScene) => void) =>
  async (scene: LiveScene): Promise<boolean> => {
    const run = scene.sandbox.runFolder();
    if (run !== null) deed(run, scene);
    return run !== null;
  };

export const diskFaults: readonly Fault[] = [
  {
    name: 'disk-full',
    describes: `something else fills the disk, a file system of ${DISK_KB / 1024} MB`,
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: ANY_TIME.filter((anchor) => anchor !== 'spawn'),
    takes: 'room',
    unfit: ({ canMount }) => (canMount ? null : 'no file system can be mounted here'),
    async prepare({ sandbox }) {
      sandbox.mount(sandbox.outDir, ['-t', 'tmpfs', '-o', `size=${DISK_KB}k`, 'none']);
      return undefined;
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
    targets: ANY_TARGET,
    anchors: FROM_THE_BEGINNING,
    takes: 'room',
    async prepare({ launch, random }) {
      const limit = FILE_LIMITS_KB[Math.floor(random() * FILE_LIMITS_KB.length)] ?? 2;
      launch.through = ['bash', '-c', `ulimit -f ${limit}; exec "$0" "$@"`];
      return undefined;
    },
  },
  {
    name: 'out-not-writable',
    describes: 'the output folder cannot be made: a file has its name, or its file system is read-only',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: FROM_THE_BEGINNING,
    takes: 'output',
    async prepare(scene, { canMount }) {
      const { sandbox, launch, random } = scene;
      if (canMount && random() < 0.5) {
        sandbox.mount(sandbox.outDir, ['-t', 'tmpfs', '-o', 'ro,size=64k', 'none']);
        return undefined;
      }
      launch.outDir = join(sandbox.outDir, 'taken');
      writeFileSync(launch.outDir, 'a file\n');
      return undefined;
    },
  },
  {
    name: 'journal-removed',
    describes: 'the journal is removed while it is written',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: WHILE_MEASURED,
    takes: 'journal',
    strike: inRunFolder((run) => rmSync(join(run, JOURNAL_NAME))),
  },
  {
    name: 'run-folder-removed',
    describes: 'the folder of the run is removed in the run',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: WHILE_MEASURED,
    takes: 'journal',
    strike: inRunFolder((run) => rmSync(run, { recursive: true, maxRetries: 5 })),
  },
  {
    name: 'reports-read-only',
    describes: 'the folder of the run becomes read-only',
    kinds: SHORT,
    targets: ANY_TARGET,
    anchors: WHILE_MEASURED,
    freezesFolder: true,
    takes: 'room',
    strike: inRunFolder((run, scene) => makeReadOnly(scene, run)),
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
