/** The style sheet of the leak fingerprint: a heat table on a wide screen, a card a path on a phone. */

interface Shade {
  background: string;
  /** Both of the rate and of its interval, which is small. */
  text: string;
}

interface HeatLevel {
  /** The least rate of the level, in thresholds. */
  from: number;
  words: string;
  /** A rate that leaks, and one that does not: it may be unsure, stop at a bend, or come back. Only leaks are red. */
  light: { calm: Shade; leaks: Shade | null };
  dark: { calm: Shade; leaks: Shade | null };
}

const [ink, paper] = ['#14181d', '#ffffff'];

/**
 * Shades by rate ÷ threshold. The bounds are those that a reader cares for: well below, close to it, over it, far over it,
 * and of another order of magnitude. What leaks is over its threshold, so that there is no red below it. The text on each
 * shade has a contrast of 4.5 or more (WCAG 2.2, 1.4.3).
 */
export const heatLevels: readonly HeatLevel[] = [
  {
    from: Number.NEGATIVE_INFINITY,
    words: 'under ½',
    light: { calm: { background: '#ffffff', text: ink }, leaks: null },
    dark: { calm: { background: '#161a21', text: '#e7eaef' }, leaks: null },
  },
  {
    from: 0.5,
    words: '½ to 1',
    light: { calm: { background: '#eef1f5', text: ink }, leaks: null },
    dark: { calm: { background: '#1f2630', text: '#e7eaef' }, leaks: null },
  },
  {
    from: 1,
    words: '1 to 4',
    light: { calm: { background: '#dfe5ec', text: ink }, leaks: { background: '#f9cdc8', text: ink } },
    dark: { calm: { background: '#2a3340', text: paper }, leaks: { background: '#5c2424', text: paper } },
  },
  {
    from: 4,
    words: '4 to 64',
    light: { calm: { background: '#ccd5df', text: ink }, leaks: { background: '#ef9a92', text: ink } },
    dark: { calm: { background: '#374252', text: paper }, leaks: { background: '#9c302d', text: paper } },
  },
  {
    from: 64,
    words: '64 and over',
    light: { calm: { background: '#b3c0ce', text: ink }, leaks: { background: '#b8231f', text: paper } },
    dark: { calm: { background: '#475467', text: paper }, leaks: { background: '#ff7b72', text: '#10141a' } },
  },
];

/** The shade of a rate, given in thresholds. A leak is shaded as such even where its threshold is not known. */
export function heatLevel(thresholds: number, leaks: boolean): number {
  const level = heatLevels.findLastIndex(({ from }) => thresholds >= from);
  return leaks ? Math.max(level, firstLeakLevel) : Math.max(level, 0);
}

export const firstLeakLevel = heatLevels.findIndex(({ light }) => light.leaks !== null);

function shades(scheme: 'light' | 'dark'): string {
  return heatLevels
    .flatMap(({ [scheme]: { calm, leaks } }, level) => [
      rule(`.heat-${level}`, calm),
      ...(leaks === null ? [] : [rule(`.heat-${level}.leaks`, leaks)]),
    ])
    .join('\n');
}

function rule(selector: string, { background, text }: Shade): string {
  return `${selector} { background: ${background}; color: ${text}; }`;
}

export const fingerprintStyle = `
${shades('light')}
@media (prefers-color-scheme: dark) {
${shades('dark')}
}
.lead { margin: -6px 0 14px; max-width: 90ch; font-size: 14px; color: var(--muted); text-wrap: pretty; }
.fingerprint th, .fingerprint td { padding: 8px 12px; }
.fingerprint tr > :first-child { padding-left: 18px; min-width: 132px; }
.fingerprint tr > :last-child { padding-right: 18px; }
.fingerprint .detail { display: block; font-size: 12px; line-height: 1.4; font-weight: 400; }
.fingerprint .state + .detail, .fingerprint .limit .detail { color: var(--muted); }
.fingerprint .state + .detail { max-width: 20ch; }
.fingerprint .limit .detail { white-space: nowrap; }
.fingerprint .label { display: none; }
.fingerprint .rate { display: block; font-weight: 500; }
.fingerprint .leaks .rate { font-weight: 700; }
.fingerprint .sign { width: 9px; height: 9px; margin-right: 6px; fill: none; stroke: currentColor; stroke-width: 2.4; stroke-linecap: round; }
.fingerprint .none, .fingerprint .shared, .fingerprint .unmeasured > * { color: var(--muted); }
.fingerprint .shared { font-size: 12.5px; }
.fingerprint .unmeasured th { font-weight: 500; }
.fingerprint .unmeasured td { font-style: italic; }
.interval { display: block; }
.interval text { text-anchor: middle; }
.interval .zero { stroke: var(--line-strong); }
.interval .range { stroke: var(--tone); stroke-width: 2; }
.interval circle, .interval .arrow { fill: var(--tone); }
.heat-legend { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 24px; padding: 12px 18px; border-top: 1px solid var(--line); font-size: 12.5px; color: var(--muted); }
.heat-legend div { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 10px; }
.heat-legend ul { display: flex; flex-wrap: wrap; border: 1px solid var(--line-strong); border-radius: 6px; overflow: hidden; }
.heat-legend li { padding: 2px 10px; }

@media (max-width: 1080px) {
  .fingerprint .plot { display: none; }
  .fingerprint th, .fingerprint td { padding-inline: 8px; }
}
@media (max-width: 900px) {
  .fingerprint, .fingerprint tbody { display: block; }
  .fingerprint thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .fingerprint tr { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 8px; padding: 14px 18px; border-top: 1px solid var(--line); }
  .fingerprint tr > *, .fingerprint tr > :first-child, .fingerprint tr > :last-child { border: 0; padding: 0; min-width: 0; }
  .fingerprint .state + .detail { max-width: none; }
  .fingerprint tr > .number { padding: 7px 10px; text-align: left; border: 1px solid var(--line); border-radius: 6px; }
  .fingerprint tr > .none { display: none; }
  .fingerprint .label { display: block; font-size: 12px; }
  .fingerprint th, .fingerprint th + td { grid-column: span 2; }
  .fingerprint tr > .limit { padding: 8px 11px; }
}
@media (max-width: 560px) {
  .fingerprint tr { grid-template-columns: repeat(2, minmax(0, 1fr)); padding-inline: 14px; }
  .heat-legend { padding: 12px 14px; }
  .heat-legend li { padding-inline: 7px; }
  .fingerprint th, .fingerprint th + td { grid-column: auto; }
  .fingerprint .unmeasured > th, .fingerprint .unmeasured > td { grid-column: 1 / -1; }
}
@media print {
  .fingerprint, .heat-legend { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
