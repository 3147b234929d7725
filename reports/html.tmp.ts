import { writeFileSync } from 'node:fs';
import { html } from './html.ts';
import * as s from './testing/sample-report.ts';

for (const w of [
  'passingReport',
  'failingReport',
  'inconclusiveReport',
  'interruptedReport',
  'emptyReport',
  'largeReport',
  'hostileReport',
] as const) {
  const t = html.render(s[w]());
  writeFileSync(`/tmp/shots/${w}.html`, t);
  console.log(w, t.length);
}
