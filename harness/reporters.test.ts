import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { orderReports } from './reporters.ts';

const folder = mkdtempSync(join(tmpdir(), 'hydrotest-reporters-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function moduleOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const noFunction = moduleOf('no-function.mjs', 'export const report = () => "";');
const broken = moduleOf('broken.mjs', 'throw new Error("it is broken");');

test.each<[given: string[] | string, message: string]>([
  [['htlm'], '--reporter htlm: there is no such reporter. There are terminal, json, junit, markdown, html'],
  [['./nope.ts'], '--reporter ./nope.ts does not exist (looked for '],
  [[noFunction], 'has no function as its default export'],
  [[broken], 'could not be loaded: it is broken'],
  [['junit='], 'has no path after "="'],
  [[`junit=${folder}`], `${folder} is a folder: name a file in it`],
  [['html=x', 'json=./x'], 'html and json go to the same place'],
  ['html,html', 'html is given twice'],
  [['terminal', 'json=stdout'], 'terminal and json go to the same place (stdout)'],
  [[''], '--reporter is empty'],
  [[], '--reporter is empty'],
])('%j is a mistake', async (given, message) => {
  await expect(orderReports(given)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(message) as string,
  });
});

test('nothing said: the terminal and every file', async () => {
  const orders = await orderReports(undefined);
  expect(orders.map(({ name }) => name)).toEqual(['terminal', 'json', 'junit', 'markdown', 'html']);
});

test('a module may be TypeScript that Node cannot run, and CommonJS', async () => {
  const typed = moduleOf('typed.ts', 'enum Mark { Yes = "yes" }\nexport default () => Mark.Yes;');
  const common = moduleOf('common.cjs', 'module.exports = () => "common";');
  const orders = await orderReports([`${typed},${common}=a/b.txt`]);
  expect(orders.map(({ destination }) => destination)).toEqual([
    { kind: 'run-folder', fileName: 'typed.txt' },
    { kind: 'file', path: join(process.cwd(), 'a/b.txt') },
  ]);
  const report = {} as Parameters<(typeof orders)[number]['render']>[0];
  expect(await Promise.all(orders.map(({ render }) => render(report)))).toEqual(['yes', 'common']);
});
