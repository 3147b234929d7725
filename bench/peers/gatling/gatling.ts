import { copyFileSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { ChildOutput, ClientReport, Contender } from '../contender.ts';
import { installOnce, runStep } from '../install.ts';

const version = '3.15.1';
const sources = fileURLToPath(new URL('.', import.meta.url));
/** It asks a registry for its newest version at each start: to a proxy that is not there, so that nothing leaves. */
const offline = ['-Dhttps.proxyHost=127.0.0.1', '-Dhttps.proxyPort=9'];

const countsSchema = z.object({ eventCount: z.int(), gapCount: z.int() });

/**
 * Reads Gatling's console: errors that it counted itself, and the line of the simulation.
 *
 * @throws Error when the run did not come to its end.
 */
export function readGatling({ code, stdout, stderr }: ChildOutput): ClientReport {
  const line = stdout.split('\n').findLast((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(`no result, exit code ${code}: ${stderr.trim().split('\n')[0]}`);
  const refused = [...stdout.matchAll(/^> .*\bcode 429\s+([\d,]+) /gm)].at(-1)?.[1] ?? '0';
  return {
    ...countsSchema.parse(JSON.parse(line)),
    refusalCount: Number(refused.replaceAll(',', '')),
    closeCount: failedCount(stdout),
  };
}

/** Requests that failed other than by a 429: where a stream that ended too early could show. */
function failedCount(stdout: string): number {
  const failed = [...stdout.matchAll(/^> (?!.*\bcode 429\b).*?\s([\d,]+)\s+\([\d. ]+%\)\s*$/gm)].map(
    ([, text]) => Number(text?.replaceAll(',', '')),
  );
  return Math.max(0, ...failed);
}

export const gatling: Contender = {
  name: 'Gatling',
  describes:
    "its own SSE client, one virtual user a stream, all at once; ids are compared by the simulation's code",
  noticing: { refusal: 'built in', 'silent-close': 'built in', gap: 'own code' },
  async install(peersDir) {
    const folder = await installOnce(peersDir, 'gatling', version, async (empty) => {
      const options = [`-Dgatling.version=${version}`, '-DincludeScope=runtime', '-DoutputDirectory=lib'];
      copyFileSync(join(sources, 'pom.xml'), join(empty, 'pom.xml'));
      await runStep({
        file: 'mvn',
        args: ['dependency:copy-dependencies', '--quiet', '--batch-mode', ...options],
        cwd: empty,
      });
      mkdirSync(join(empty, 'classes'));
    });
    for (const file of ['gatling.conf', 'logback.xml']) {
      copyFileSync(join(sources, file), join(folder, 'classes', file));
    }
    const simulation = join(sources, 'HoldStreams.java');
    await runStep({ file: 'javac', args: ['-cp', 'lib/*', '-d', 'classes', simulation], cwd: folder });
    return {
      version,
      command: ({ url, streamCount, holdSeconds }) => {
        const { origin, pathname } = new URL(url);
        return {
          file: 'java',
          args: [
            ...['-cp', `classes${delimiter}lib/*`, `-Djava.util.prefs.userRoot=${folder}`, ...offline],
            ...[`-Durl=${origin}`, `-Dpath=${pathname}`],
            ...[`-Dstreams=${streamCount}`, `-DholdSeconds=${holdSeconds}`],
            ...['io.gatling.app.Gatling', '-s', 'HoldStreams', '-nr', '-rf', 'results'],
          ],
          cwd: folder,
        };
      },
      stopSignal: null,
      reportsWithinMs: 1_000,
      read: readGatling,
    };
  },
};
