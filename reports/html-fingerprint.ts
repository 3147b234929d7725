import type { DoseUnit, FingerprintCell, Outcome, Report } from '../harness/model.ts';
import {
  cellInterval,
  cellText,
  fingerprintOf,
  leadRate,
  type PathRow,
  type RateCell,
} from './fingerprint.ts';
import { formatBytes } from './format.ts';
import { firstLeakLevel, heatLevel, heatLevels } from './html-fingerprint-style.ts';
import { html, isolated, type Markup, nothing, outcomeIcon } from './html-markup.ts';
import { deltaOf, probeWords, stateWords } from './leak-words.ts';

/**
 * The leak fingerprint as a heat table: a row a path, a column a unit of work, each rate shaded by how many thresholds it
 * is, and the rate that counts most drawn with its interval. The roles are written out because the table becomes a list
 * of cards on a phone, where its elements are no longer laid out as a table.
 */
export function fingerprintMarkup(report: Report): Markup {
  const { units, rows, confidence } = fingerprintOf(report);
  if (rows.length === 0) return nothing;
  const probes = new Set(rows.flatMap(({ row }) => (row.probe === null ? [] : [probeWords[row.probe]])));
  const shown = {
    units,
    scenario: new Set(rows.map(({ row }) => row.scenario)).size > 1,
    probe: probes.size > 1,
  };
  const unitHeads = units.map(
    (unit) => html`<th scope="col" role="columnheader" class="number">per ${unit}</th>`,
  );
  return html`<section aria-labelledby="fingerprint">
<h2 id="fingerprint">Leak fingerprint</h2>
<p id="fingerprint-words" class="lead">Which path of a connection’s life leaves memory behind, and with what it grows: bytes kept for ever by each unit of work. A red cell with a cross is a leak.${confidence === '' ? nothing : html` Below each rate stands its ${confidence.replaceAll(' %', '\u00a0%')} interval.`}${probes.size === 0 ? nothing : html` Measured on ${[...probes].join(', ')}.`}</p>
<div class="scroll" role="region" aria-labelledby="fingerprint" tabindex="0">
<table class="fingerprint" role="table" aria-labelledby="fingerprint" aria-describedby="fingerprint-words">
<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Path</th><th scope="col" role="columnheader">State</th>${unitHeads}<th scope="col" role="columnheader" class="plot" aria-hidden="true">${scaleHead}</th><th scope="col" role="columnheader">Threshold</th></tr></thead>
<tbody role="rowgroup">${rows.map((path) => rowMarkup(path, shown))}</tbody></table>
${heatLegend}
</div>
</section>`;
}

/** Columns, and what is said in each row because rows differ in it. */
interface Shown {
  units: DoseUnit[];
  scenario: boolean;
  probe: boolean;
}

function rowMarkup(path: PathRow, { units, scenario, probe }: Shown): Markup {
  const { row, evidence, note } = path;
  const name = html`<th scope="row" role="rowheader">${isolated(row.path === '' ? 'any path' : row.path)}${scenario ? html` <span class="muted">${isolated(row.scenario)}</span>` : nothing}</th>`;
  if (row.state === null || row.outcome === null) {
    return html`<tr role="row" class="unmeasured">${name}<td role="cell" colspan="${units.length + 3}">not measured: ${note ?? row.reason}</td></tr>
`;
  }
  const lead = leadRate(path);
  const cells = units.map((unit) => rateMarkup(row.rates[unit], unit, evidence && deltaOf(evidence, unit)));
  return html`<tr role="row">${name}
<td role="cell" class="${row.outcome}"><span class="state">${outcomeIcon(row.outcome)}${stateWords[row.state]}</span>${note === null ? nothing : html`<span class="detail">${note}</span>`}</td>
${cells}
<td role="cell" class="plot" aria-hidden="true">${lead === null ? nothing : intervalPlot(lead.cell, lead.deltaBytes, row.outcome)}</td>
<td role="cell" class="limit"><span class="label" aria-hidden="true">threshold</span>${lead === null ? '–' : html`${formatBytes(lead.deltaBytes)} <span class="detail">per ${lead.unit}</span>`}${probe && row.probe !== null ? html`<span class="detail">${probeWords[row.probe]}</span>` : nothing}</td></tr>
`;
}

function rateMarkup(cell: FingerprintCell, unit: DoseUnit, deltaBytes: number | null): Markup {
  const label = html`<span class="label" aria-hidden="true">per ${unit}</span>`;
  if (cell.kind === 'none')
    return html`<td role="cell" class="number none"><span class="unseen">no ${unit}s</span><span aria-hidden="true">–</span></td>`;
  if (cell.kind === 'confounded') {
    return html`<td role="cell" class="number shared">${label}<span>with ${cell.with}</span></td>`;
  }
  const level = heatLevel(deltaBytes === null ? 0 : cell.ratePerUnitBytes / deltaBytes, cell.leaks);
  return html`<td role="cell" class="number heat-${level}${cell.leaks ? ' leaks' : ''}">${label}<span class="rate">${cell.leaks ? leakSign : nothing}${cell.leaks ? formatBytes(cell.ratePerUnitBytes) : cellText(cell)}</span><span class="detail">${cellInterval(cell)}</span></td>`;
}

const leakSign = html`<svg class="sign" viewBox="0 0 10 10" role="img" aria-label="leak"><path d="M1.5 1.5l7 7m0-7l-7 7"/></svg>`;

const heatLegend = html`<div class="heat-legend"><span>Rate ÷ threshold</span><div>leak <ul>${swatches(firstLeakLevel, ' leaks')}</ul></div><div>no leak <ul>${swatches(0, '')}</ul></div></div>`;

function swatches(firstLevel: number, className: string): Markup[] {
  return heatLevels.flatMap(({ words }, level) =>
    level < firstLevel ? [] : [html`<li class="heat-${level}${className}">${words}</li>`],
  );
}

// The axis runs from −0.6 to 2 thresholds in every row: rates of different paths differ by orders of magnitude, and what
// counts is only on which side of its threshold an interval lies. What lies beyond ends in an arrow.
const plotWidth = 136;
const margin = 10;
const [lowest, highest] = [-0.6, 2];

const position = (thresholds: number) =>
  margin + ((thresholds - lowest) / (highest - lowest)) * (plotWidth - 2 * margin);
const clamped = (thresholds: number) => position(Math.min(highest, Math.max(lowest, thresholds)));
const px = (value: number) => value.toFixed(1);

const scaleHead = html`<svg class="interval" viewBox="0 0 ${plotWidth} 14" width="${plotWidth}" height="14"><text x="${px(position(0))}" y="11">0</text><text x="${px(position(1))}" y="11">threshold</text></svg>`;

function intervalPlot(cell: RateCell, deltaBytes: number, outcome: Outcome): Markup {
  if (!(deltaBytes > 0)) return nothing;
  const { lowPerUnitBytes, highPerUnitBytes, ratePerUnitBytes } = cell;
  const [from, to, at] = [
    lowPerUnitBytes / deltaBytes,
    highPerUnitBytes / deltaBytes,
    ratePerUnitBytes / deltaBytes,
  ];
  const beyond = to > highest ? html`<path class="arrow" d="M${plotWidth - margin} 6l7 5-7 5z"/>` : nothing;
  const below = from < lowest ? html`<path class="arrow" d="M${margin} 6l-7 5 7 5z"/>` : nothing;
  // An interval narrower than its dot still shows as a stroke.
  const [x1, x2] = [clamped(from), Math.max(clamped(to), clamped(from) + 1)];
  const dot =
    at >= lowest && at <= highest ? html`<circle cx="${px(position(at))}" cy="11" r="3.5"/>` : nothing;
  return html`<svg class="interval ${outcome}" viewBox="0 0 ${plotWidth} 22" width="${plotWidth}" height="22"><path class="zero" d="M${px(position(0))} 0v22"/><path class="threshold" d="M${px(position(1))} 0v22"/><path class="range" d="M${px(x1)} 11H${px(x2)}"/>${below}${beyond}${dot}</svg>`;
}
