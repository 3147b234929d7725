import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { until } from '../../testing/until.ts';

export const line = (event: object) => `${JSON.stringify(event)}\n`;

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

/** Lines of a file, `event <n>` each. */
export const numbers = (from: number, to: number) =>
  range(from, to)
    .map((n) => line({ type: 'count', message: `event ${n}` }))
    .join('');

/** What their rows say: newest first. */
export const texts = (from: number, to: number) =>
  range(from, to)
    .map((n) => `event ${n}`)
    .reverse();

export const rowTexts = (page: Page) => page.locator('[data-row] .text').allTextContents();

export async function expectRows(page: Page, expected: string[]): Promise<void> {
  await until(`${expected.length} rows with ${expected[0]} first`, async () => {
    const shown = await rowTexts(page);
    return shown.length === expected.length && shown[0] === expected[0];
  });
  expect(await rowTexts(page)).toEqual(expected);
}
