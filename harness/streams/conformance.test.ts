import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { answer, type ConformanceCase, conformanceCase, message } from './testing/conformance-case.ts';
import { caseTitle, conformanceClients, isKnownFault, runCase } from './testing/run-conformance.ts';
import { openSocketCount, until } from './testing/until.ts';
import { wptCases } from './testing/wpt-eventsource.ts';
import { wptOutside } from './testing/wpt-outside.ts';

let idleSocketCount: number;

beforeAll(() => {
  idleSocketCount = openSocketCount();
});

afterEach(() => until('no socket is left in this process', () => openSocketCount() === idleSocketCount));

describe.each(conformanceClients)('%s', (client) => {
  const applicable = wptCases.filter((one) =>
    client === 'tab' ? one.tabFault === '' : typeof one.raw === 'string',
  );
  test.each(applicable.map((one) => [caseTitle(one), one] as const))('%s', async (_title, one) => {
    expect(await runCase(client, one)).toEqual({ state: 'passed' });
  });
});

/** When such a test fails the package was mended: then the fault is to be taken out of the case. */
test.each(wptCases.filter(({ tabFault }) => tabFault !== '').map((one) => [caseTitle(one), one] as const))(
  'tab: %s is a known fault, and in nothing but what is dispatched',
  async (_title, one) => {
    const result = await runCase('tab', one);
    expect(result).toMatchObject({ state: 'failed' });
    expect(isKnownFault('tab', one, result)).toBe(true);
  },
);

test('each case has a name of its own, and no file is both run and left out', () => {
  const titles = wptCases.map(caseTitle);
  expect(new Set(titles).size).toBe(titles.length);
  const files = [...new Set(wptCases.map(({ file }) => file)), ...wptOutside.map(({ file }) => file)];
  expect(new Set(files).size).toBe(files.length);
});

test('a raw client is not held to what it does not do', async () => {
  const one = wptCases.find(({ file }) => file === 'request-redirect.any.window.js');
  expect(one && (await runCase('raw', one))).toEqual({
    state: 'not-applicable',
    reason: 'does not follow redirects by design',
  });
});

/** Cases that ask for what the standard forbids: a runner that lets one pass sees nothing. */
describe('the runner sees', () => {
  const file = 'twin';
  const hello = answer('data: a\n\n', [message('a')]);

  async function differences(client: 'raw' | 'tab', one: ConformanceCase): Promise<string> {
    // What does not come is waited for in vain, so not for long: no twin depends on something coming in time.
    const result = await runCase(client, one, 2_000);
    return result.state === 'failed' ? result.differences.join('\n') : result.state;
  }

  test.each(conformanceClients)(
    '%s: other data, an event too many, a stream in place of a failure',
    async (client) => {
      const cases: [ConformanceCase, RegExp][] = [
        [
          conformanceCase({ file, answers: [answer('data: b\n\n', [message('a')])] }),
          /data: 'b'.* instead of/,
        ],
        [
          conformanceCase({ file, answers: [answer('data: a\n\ndata: b\n\n', [message('a')])] }),
          /2 instead of 1/,
        ],
        [
          conformanceCase({ file, answers: [answer('id: 7\ndata: a\n\n', [message('a')])] }),
          /'7' instead of ''/,
        ],
        [
          conformanceCase({ file, answers: [{ ...hello, kind: 'failure', events: [] }] }),
          /ending.* instead of 'protocol-error'/,
        ],
        [
          conformanceCase({ file, answers: [answer('data: a\n\n', [message('a')], { type: 'text/html' })] }),
          /ending.*: 'protocol-error'/,
        ],
        [
          conformanceCase({ file, answers: [hello], requests: [{ headers: { accept: '*/*' } }] }),
          /accept of request 1: 'text\/event-stream' instead of/,
        ],
        [
          conformanceCase({ file, answers: [hello], requests: [{ headers: { accept: null } }] }),
          /accept of request 1/,
        ],
      ];
      for (const [one, words] of cases) expect(await differences(client, one)).toMatch(words);
    },
  );

  test('tab: another Last-Event-ID, a way that a redirect did not take, a second try', async () => {
    const first = answer('retry: 1\nid: 1\ndata: a\n\n', [message('a', '1')]);
    const second = answer('data: b\n\n', [message('b', '1')]);
    const resumed = conformanceCase({
      file,
      answers: [first, second],
      requests: [{}, { headers: { 'last-event-id': '2' } }],
    });
    expect(await differences('tab', resumed)).toBe("last-event-id of request 2: '1' instead of '2'");
    const elsewhere = conformanceCase({ file, answers: [hello], requests: [{ path: '/elsewhere' }] });
    expect(await differences('tab', elsewhere)).toBe("path of request 1: '/' instead of '/elsewhere'");
    const refused = conformanceCase({
      file,
      answers: [answer('', [], { status: '404 Not Found', kind: 'failure' }), second],
    });
    expect(await differences('tab', refused)).toMatch(/^all is dispatched: still not so/);
  });

  test('a fault other than the known one', async () => {
    const one = conformanceCase({
      file,
      answers: [answer('data: b\n\n', [message('a')])],
      tabFault: 'says b',
    });
    expect(isKnownFault('tab', one, await runCase('tab', one))).toBe(true);
    expect(isKnownFault('tab', one, { state: 'passed' })).toBe(false);
    const longer = { ...one, answers: [answer('id: 7\ndata: b\n\n', [message('a')])] };
    const result = await runCase('tab', longer);
    expect(result).toMatchObject({ state: 'failed' });
    expect(isKnownFault('tab', longer, result)).toBe(false);
  });

  test.each([
    ['too soon', 200],
    ['too late', 1_800],
  ])('tab: a reconnection %s', async (_how, retryMs) => {
    const lost = answer(`retry: ${retryMs}\ndata: x\n\n`, [message('x')]);
    const one = conformanceCase({ file, answers: [lost, lost], retryMs: 600 });
    expect(await differences('tab', one)).toMatch(/order around 600 ms: \[.*\] instead of \[/);
    const right = answer('retry: 600\ndata: x\n\n', [message('x')]);
    expect(await differences('tab', { ...one, answers: [right, right] })).toBe('passed');
  });
});
