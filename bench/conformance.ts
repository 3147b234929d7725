/**
 * Runs the web-platform-tests for EventSource, as far as they make sense outside a browser, against hydrotest's two
 * kinds of clients. Prints how many cases apply to each, how many pass, and why the others do not apply.
 * Exit code 1: a case failed that is not known to fail. A known fault counts as failed in the table all the same.
 *
 *   npm run conformance             the figures
 *   npm run conformance -- --cases  with one line a case
 */
import Table from 'cli-table3';
import type { ConformanceCase } from '../harness/streams/testing/conformance-case.ts';
import {
  type ConformanceClient,
  type ConformanceResult,
  caseTitle,
  conformanceClients,
  isKnownFault,
  runCase,
} from '../harness/streams/testing/run-conformance.ts';
import { wptCases } from '../harness/streams/testing/wpt-eventsource.ts';
import { wptOutside } from '../harness/streams/testing/wpt-outside.ts';
import { command, readOptions } from './options.ts';

interface Run {
  one: ConformanceCase;
  result: ConformanceResult;
}

const clientNames: Record<ConformanceClient, string> = {
  raw: 'raw stream',
  tab: 'tab (eventsource)',
};

await command('conformance', async () => {
  const { values } = readOptions({ options: { cases: { type: 'boolean', default: false } } });
  const runs: Record<ConformanceClient, Run[]> = { raw: [], tab: [] };
  for (const client of conformanceClients) {
    for (const one of wptCases) {
      const result = await runCase(client, one);
      runs[client].push({ one, result });
      if (values.cases || result.state === 'failed') process.stdout.write(describe(client, one, result));
    }
  }
  process.stdout.write(`${clientTable(runs)}\n\n${outsideText()}\n`);
  const hasNewFault = conformanceClients.some((client) =>
    runs[client].some(({ one, result }) => result.state === 'failed' && !isKnownFault(client, one, result)),
  );
  return hasNewFault ? 1 : 0;
});

function describe(client: ConformanceClient, one: ConformanceCase, result: ConformanceResult): string {
  const what = `${client.padEnd(4)} ${result.state.padEnd(15)} ${caseTitle(one)}`;
  const why =
    result.state === 'failed'
      ? [isKnownFault(client, one, result) ? `known: ${one.tabFault}` : '', ...result.differences]
          .filter((line) => line !== '')
          .map((line) => `\n       ${line}`)
          .join('')
      : result.state === 'not-applicable'
        ? `: ${result.reason}`
        : '';
  return `${what}${why}\n`;
}

function clientTable(runs: Record<ConformanceClient, Run[]>): string {
  const table = new Table({
    head: ['client', 'cases', 'applied', 'passed', 'failed', 'not applicable'],
    style: { head: [], border: [] },
  });
  for (const client of conformanceClients) {
    const all = runs[client];
    const applied = all.filter(({ result }) => result.state !== 'not-applicable');
    const inPart = applied.filter(({ one }) => client === 'raw' && one.raw === 'first answer').length;
    const failed = applied.filter(({ result }) => result.state === 'failed');
    const knownCount = failed.filter(({ one, result }) => isKnownFault(client, one, result)).length;
    const passedCount = all.filter(({ result }) => result.state === 'passed').length;
    const reasons = all.flatMap(({ result }) => (result.state === 'not-applicable' ? [result.reason] : []));
    table.push([
      clientNames[client],
      all.length,
      inPart === 0 ? applied.length : `${applied.length}, of ${inPart} only the first answer`,
      passedCount,
      knownCount === 0 ? failed.length : `${failed.length}, ${knownCount} of them known`,
      counted(reasons).join('\n') || '–',
    ]);
  }
  return table.toString();
}

/** What is not run at all, and what of the files that are. */
function outsideText(): string {
  const files = new Set(wptCases.map(({ file }) => file));
  const parts = new Map(
    wptCases.filter(({ without }) => without !== '').map((one) => [one.file, one.without]),
  );
  const lines = [
    `${files.size} of ${files.size + wptOutside.length} files of the suite make sense outside a browser. Of these without:`,
    ...[...parts].map(([file, without]) => `  ${file}: ${without}`),
    'The others need:',
    ...counted(wptOutside.map(({ reason }) => reason)).map((line) => `  ${line}`),
  ];
  return lines.join('\n');
}

/** Each text once, with how often it came. */
function counted(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => `${count} × ${text}`);
}
