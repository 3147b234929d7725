import { describe, expect, test } from 'vitest';
import { heatLevel, heatLevels } from './html-fingerprint-style.ts';
import { pageStyle } from './html-style.ts';

/** Relative luminance and contrast ratio as WCAG 2.2 defines them. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((start) => Number.parseInt(color.slice(start, start + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, bright = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
}

test('the contrast of black on white is 21', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});

describe.each(['light', 'dark'] as const)('%s', (scheme) => {
  const shades = heatLevels.flatMap(({ words, [scheme]: { calm, leaks } }) => [
    { name: `no leak, ${words}`, ...calm },
    ...(leaks === null ? [] : [{ name: `leak, ${words}`, ...leaks }]),
  ]);

  test.each(shades)('$name can be read (AA, small text)', ({ background, text }) => {
    expect(contrast(background, text)).toBeGreaterThanOrEqual(4.5);
  });

  test('every shade is its own, and the lowest is the surface', () => {
    expect(new Set(shades.map(({ background }) => background)).size).toBe(shades.length);
    expect(pageStyle).toContain(`--surface: ${shades[0]?.background}`);
  });
});

test.each([
  [-3, false, 0],
  [0.49, false, 0],
  [0.5, false, 1],
  [1, false, 2],
  [4, false, 3],
  [64, false, 4],
  [1e6, true, 4],
  [1.2, true, 2],
  [0, true, 2],
  [Number.NaN, false, 0],
])('%s thresholds, leak %s: shade %s', (thresholds, leaks, level) => {
  expect(heatLevel(thresholds, leaks)).toBe(level);
});
