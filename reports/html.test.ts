import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { Report } from '../harness/model.ts';
import { chartData, html, htmlParts, renderPage } from './html.ts';
import {
  emptyReport,
  failingReport,
  hostileReport,
  inconclusiveReport,
  interruptedReport,
  largeReport,
  passingReport,
  warnedReport,
} from './testing/sample-report.ts';

const reports: [string, Report][] = [
  ['passing', passingReport()],
  ['failing', failingReport()],
  ['inconclusive', inconclusiveReport()],
  ['interrupted', interruptedReport()],
  ['empty', emptyReport()],
  ['large', largeReport()],
  ['hostile', hostileReport()],
  ['warned', warnedReport()],
];

const between = (page: string, pattern: RegExp) => [...page.matchAll(pattern)].map(([, text]) => text ?? '');
const scriptsOf = (page: string) => between(page, /<script>([\s\S]*?)<\/script>/g);
const stylesOf = (page: string) => between(page, /<style>([\s\S]*?)<\/style>/g);
const dataOf = (page: string) =>
  between(page, /<script type="application\/json" id="data">([\s\S]*?)<\/script>/g);
/** The page without what is ours to trust: what is left holds the foreign text. */
const contentOf = (page: string) => page.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '');

describe.each(reports)('%s', (_, report) => {
  const page = html.render(report);

  test('its policy allows just the scripts and styles that it has', () => {
    const [policy] = between(page, /http-equiv="Content-Security-Policy" content="([^"]*)"/g);
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    expect(scriptsOf(page)).toHaveLength(2);
    expect(stylesOf(page)).toHaveLength(1);
    expect(policy).toBe(
      `default-src 'none'; style-src ${stylesOf(page).map(hash).join(' ')}; script-src ${scriptsOf(page).map(hash).join(' ')}; img-src data:; base-uri 'none'; form-action 'none'`,
    );
    // Without the values of attributes, which may hold such text.
    expect(contentOf(page).replace(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*\s(?:style|on[a-z]+)=/i);
  });

  test('it refers to nothing outside itself', () => {
    const targets = between(contentOf(page), /(?:href|src|action)="([^"]*)"/g);
    expect(targets.filter((target) => !target.startsWith('data:'))).toEqual([]);
    expect(stylesOf(page).join()).not.toMatch(/url\(|@import/);
  });

  test('its scripts are JavaScript, its data JSON that holds every reading', () => {
    for (const script of scriptsOf(page)) expect(() => new Script(script)).not.toThrow();
    const [text] = dataOf(page);
    const data = JSON.parse(text ?? '') as { scenarios: { rssBytes: number[] }[] };
    expect(data.scenarios.flatMap(({ rssBytes }) => rssBytes)).toEqual(
      report.scenarios.flatMap(({ series }) => series.map(({ rssBytes }) => rssBytes)),
    );
    expect(text).not.toContain('<');
  });

  test('verdict and sentence come first, elements are balanced', () => {
    const content = contentOf(page);
    expect(content).toMatch(new RegExp(`<h1>${report.verdict.outcome}</h1></div>\\s*<p class="sentence">`));
    for (const tag of [
      'div',
      'section',
      'details',
      'summary',
      'dl',
      'dd',
      'ul',
      'li',
      'table',
      'tr',
      'td',
      'th',
      'dt',
      'svg',
      'bdi',
      'p',
    ]) {
      const opened = content.match(new RegExp(`<${tag}[\\s>]`, 'g'))?.length ?? 0;
      expect(content.match(new RegExp(`</${tag}>`, 'g'))?.length ?? 0, tag).toBe(opened);
    }
  });
});

test('hostile text stays text', () => {
  const page = html.render(hostileReport());
  expect(contentOf(page)).not.toMatch(/<img|<!--|alert\(1\)>/);
  expect(contentOf(page)).toContain('&lt;img src=x onerror=alert(1)&gt;');
  expect(page).not.toMatch(/(?!\n)[\p{Cc}\p{Cs}]|[\u202a-\u202e]/u);
});

test('says what is missing', () => {
  expect(html.render(emptyReport())).toContain('No scenario was run.');
  expect(html.render(emptyReport())).toContain('No memory reading was taken.');
  expect(html.render(interruptedReport())).toContain('Incomplete run.');
  expect(html.render(passingReport())).not.toContain('Incomplete run.');
  expect(html.render(inconclusiveReport())).toContain('the inspector did not answer');
  expect(html.render(inconclusiveReport())).toContain('give it with --deadline');
});

test('what passed is closed, what did not is open', () => {
  const page = html.render(failingReport());
  expect(page.match(/<details class="card pass" data-key="[^"]*">/g)).toHaveLength(6);
  expect(page.match(/<details class="card fail" data-key="[^"]*" open>/g)).toHaveLength(2);
});

test('the table beside the chart thins an hour evenly and says so', () => {
  const page = html.render(largeReport());
  expect(page).toContain('21 of 3,600 readings, evenly taken; all are in report.json.');
  expect(html.render(inconclusiveReport())).toContain('in report.json');
});

describe('the fingerprint', () => {
  const page = html.render(failingReport());
  const rowOf = (path: string) =>
    between(page, /<tr role="row">(<th [\s\S]*?)<\/tr>/g).find((row) => row.includes(`<bdi>${path}</bdi>`)) ??
    '';

  test('a leak is marked in words and by its shade, at its unit alone', () => {
    expect(rowOf('abrupt drop').match(/aria-label="leak"/g)).toHaveLength(1);
    expect(rowOf('abrupt drop')).toMatch(
      /heat-2 leaks"><span class="label" aria-hidden="true">per connection/,
    );
    expect(rowOf('slow reader')).toMatch(/heat-4 leaks"/);
    expect(rowOf('idle')).toMatch(/heat-2 leaks"><span class="label" aria-hidden="true">per second/);
  });

  test('a large rate that is no leak is shaded, and not as a leak', () => {
    expect(rowOf('reconnect')).toContain('heat-3"');
    expect(rowOf('reconnect')).not.toContain('leaks');
    expect(rowOf('reconnect')).toContain('held for about 42 s, then given back');
    expect(rowOf('graceful close')).toMatch(/heat-0"/);
  });

  test('says what cannot be told apart and what was not measured', () => {
    expect(rowOf('slow reader')).toContain('<span>with connection</span>');
    expect(page).toContain('not measured: the target promises no deadline');
    expect(html.render(emptyReport())).not.toContain('id="fingerprint"');
  });

  test('each row has a cell a column', () => {
    const columns = between(page, /<thead role="rowgroup"><tr role="row">([\s\S]*?)<\/tr>/g)[0]?.match(
      /<th /g,
    )?.length;
    for (const path of ['abrupt drop', 'slow reader', 'idle', 'rejection'])
      expect(rowOf(path).match(/<t[hd] /g), path).toHaveLength(columns ?? 0);
    expect(page).toContain(`colspan="${(columns ?? 0) - 1}"`);
  });
});

test('the time to the budget stands in the finding itself, before its evidence', () => {
  expect(html.render(failingReport())).toMatch(
    /<p class="time">.*?At 1 connection a second this server crosses 500 MB in 34 days; at 50 a second, in 16 hours\.<\/p>\s*<details data-key="[^"]*" open>/,
  );
});

describe('a page that is served while the run goes on', () => {
  const early = { ...failingReport(), complete: false };
  const page = renderPage(early, { running: true, live: { script: 'follow()', style: 'p { margin: 0 }' } });

  test('may run one more script and fetch from its own origin, and no more', () => {
    const [policy] = between(page, /http-equiv="Content-Security-Policy" content="([^"]*)"/g);
    expect(scriptsOf(page).at(-1)).toBe('follow()');
    expect(policy?.match(/sha256-/g)).toHaveLength(5);
    expect(policy).toContain("; connect-src 'self'; ");
    expect(html.render(early)).not.toContain('connect-src');
  });

  test('is put together from the parts that can be put in anew', () => {
    for (const [id, part] of Object.entries(htmlParts(early, { running: true })))
      expect(page).toContain(`<div id="${id}" class="part">${part}</div>`);
    expect(JSON.parse(dataOf(page)[0] ?? '')).toEqual(chartData(early, { running: true }));
  });

  test('has no verdict yet, and says what has failed already', () => {
    expect(page).toContain('<h1>running</h1>');
    expect(page).toContain('<p class="sentence">Has failed already: churn leaks');
    expect(page).not.toContain('Incomplete run.');
    const first = { ...passingReport(), complete: false };
    first.scenarios = first.scenarios.slice(0, 1);
    expect(htmlParts(first, { running: true })['part-header']).toContain(
      'The first scenario is being measured.',
    );
    first.scenarios = passingReport().scenarios.slice(0, 2);
    const parts = htmlParts(first, { running: true });
    expect(parts['part-header']).toContain('Nothing has failed so far.');
    const [done, current] = (parts['part-scenarios'] ?? '').split('<details class="card running"');
    expect(done).toContain('class="finding pass"');
    expect(current).toContain('Being measured. To prove: Of 20 streams');
    expect(current).not.toContain('class="finding ');
    expect(chartData(first, { running: true }).title).toMatch(/^… running · hydrotest /);
  });
});

test('keeps the values of request headers to itself', () => {
  expect(html.render(failingReport())).toContain('authorization (values not shown)');
  expect(html.render(failingReport())).not.toContain('not-to-be-shown');
});

test('surroundings that change figures stand in the head, escaped; without any there is no such part', () => {
  const page = html.render(warnedReport());
  const [note] = between(page, /<div class="banner surroundings" role="note">([\s\S]*?)<\/div>/g);
  expect(between(note ?? '', /<li><strong>(.*?)<\/strong>/g)).toEqual([
    'heap limit',
    'allocator',
    'overcommit',
  ]);
  expect(note).toContain('Give a --budget near the limit, or measure with the option that production has.');
  expect(note).toContain('&lt;b&gt;long&lt;/b&gt;');
  expect(note).not.toContain('\u001b');
  expect(html.render(passingReport())).not.toContain('class="banner surroundings"');
});
