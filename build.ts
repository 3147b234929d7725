/** Compiles the package into dist/ and copies what the compiler leaves out. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' });
if (status !== 0) process.exit(1);
cpSync('server/page/client', 'dist/server/page/client', { recursive: true });
cpSync('reports/report.schema.json', 'dist/reports/report.schema.json');
chmodSync('dist/harness/cli.js', 0o755);
