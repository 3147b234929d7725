import type { LeakEvidence, LeakFinding, Report } from '../harness/model.ts';
import {
  formatBytes,
  formatCount,
  formatInterval,
  formatPercent,
  formatRate,
  leakFindings,
  probeWords,
} from './format.ts';
import { html, isolated, type Markup, nothing, outcomeIcon } from './html-markup.ts';

/** The leak rates as a table, each interval drawn against zero and against the rate that counts as a leak. */
export function leaksMarkup(report: Report): Markup {
  const findings = leakFindings(report);
  if (findings.length === 0) return nothing;
  const confidences = [...new Set(findings.map(({ evidence }) => formatPercent(evidence.confidence)))];
  return html`<section aria-labelledby="leaks">
<h2 id="leaks">Leak rates</h2>
<div class="scroll" role="region" aria-labelledby="leaks" tabindex="0">
<table class="leaks"><caption>Bytes kept for ever by each unit of work, with the ${confidences.join(', ')} interval of the rate. A path leaks when its whole interval lies beyond the threshold.</caption>
<thead><tr><th scope="col">Path</th><th scope="col">State</th><th scope="col" class="number">Leak rate</th><th scope="col" class="number">Interval</th><th scope="col" class="plot" aria-hidden="true">${scaleHead}</th><th scope="col" class="number">Threshold</th><th scope="col">Measured on</th></tr></thead>
<tbody>${findings.map(row)}</tbody></table>
</div>
</section>`;
}

function row({ evidence, outcome, scenario }: LeakFinding): Markup {
  return html`<tr><th scope="row">${isolated(evidence.path)} <span class="muted">${isolated(scenario)}</span></th>
<td class="${outcome}"><span class="state">${outcomeIcon(outcome)}${evidence.state}</span></td>
<td class="number">${formatRate(evidence.ratePerUnitBytes, evidence.unit)}</td>
<td class="number">${formatInterval(evidence)}</td>
<td class="plot" aria-hidden="true">${intervalPlot(evidence, outcome)}</td>
<td class="number">${formatBytes(evidence.deltaBytes)}</td>
<td>${probeWords[evidence.probe]}</td></tr>
`;
}

// The axis runs from −0.6 to 2 thresholds in every row: rates of different paths differ by orders of magnitude, and what
// counts is only on which side of its threshold an interval lies. What lies beyond ends in an arrow.
const plotWidth = 184;
const margin = 10;
const [lowest, highest] = [-0.6, 2];

const position = (thresholds: number) =>
  margin + ((thresholds - lowest) / (highest - lowest)) * (plotWidth - 2 * margin);
const clamped = (thresholds: number) => position(Math.min(highest, Math.max(lowest, thresholds)));
const px = (value: number) => value.toFixed(1);

const scaleHead = html`<svg class="interval" viewBox="0 0 ${plotWidth} 14" width="${plotWidth}" height="14"><text x="${px(position(0))}" y="11">0</text><text x="${px(position(1))}" y="11">threshold</text></svg>`;

function intervalPlot(evidence: LeakEvidence, outcome: LeakFinding['outcome']): Markup {
  const { lowPerUnitBytes: low, highPerUnitBytes: high, ratePerUnitBytes: rate, deltaBytes } = evidence;
  if (low === null || high === null || rate === null || !(deltaBytes > 0)) return nothing;
  const [from, to, at] = [low / deltaBytes, high / deltaBytes, rate / deltaBytes];
  const beyond = to > highest ? html`<path class="arrow" d="M${plotWidth - margin} 6l7 5-7 5z"/>` : nothing;
  const below = from < lowest ? html`<path class="arrow" d="M${margin} 6l-7 5 7 5z"/>` : nothing;
  // An interval narrower than its dot still shows as a stroke.
  const [x1, x2] = [clamped(from), Math.max(clamped(to), clamped(from) + 1)];
  const dot =
    at >= lowest && at <= highest ? html`<circle cx="${px(position(at))}" cy="11" r="3.5"/>` : nothing;
  return html`<svg class="interval ${outcome}" viewBox="0 0 ${plotWidth} 22" width="${plotWidth}" height="22"><path class="zero" d="M${px(position(0))} 0v22"/><path class="threshold" d="M${px(position(1))} 0v22"/><path class="range" d="M${px(x1)} 11H${px(x2)}"/>${below}${beyond}${dot}</svg>`;
}

const [width, height, left, top, bottom] = [420, 150, 64, 12, 26];

/**
 * The level after each counted cycle against the dose so far. The dashed line is what a path that leaks just at the
 * threshold would show, and the scale is never finer than it, so that noise does not look like a slope.
 */
export function leakPlot({ points, deltaBytes, unit, path }: LeakEvidence): Markup {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < 2 || !(last.dose > first.dose))
    return nothing;
  const thresholdEnd = first.levelBytes + deltaBytes * (last.dose - first.dose);
  const levels = points.map(({ levelBytes }) => levelBytes);
  const low = Math.min(...levels, first.levelBytes);
  const high = Math.max(...levels, thresholdEnd);
  const span = high - low || 1;
  const x = (dose: number) => left + ((dose - first.dose) / (last.dose - first.dose)) * (width - left - 12);
  const y = (bytes: number) => top + (1 - (bytes - low) / span) * (height - top - bottom);
  const line = points
    .map(({ dose, levelBytes }, index) => `${index === 0 ? 'M' : 'L'}${px(x(dose))} ${px(y(levelBytes))}`)
    .join('');
  const dots = points.map(
    ({ dose, levelBytes }) => html`<circle cx="${px(x(dose))}" cy="${px(y(levelBytes))}" r="2.6"/>`,
  );
  const title = `Memory after each cycle on the path ${path}: ${formatBytes(first.levelBytes)} after ${formatCount(first.dose)}, ${formatBytes(last.levelBytes)} after ${formatCount(last.dose)} ${unit}s.`;
  return html`<figure class="levels"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<path class="axis" d="M${left} ${top}V${height - bottom}H${width - 12}"/>
<text class="end" x="${left - 8}" y="${top + 4}">${formatBytes(high)}</text><text class="end" x="${left - 8}" y="${height - bottom + 4}">${formatBytes(low)}</text>
<text x="${left}" y="${height - 8}">${formatCount(first.dose)}</text><text class="end" x="${width - 12}" y="${height - 8}">${formatCount(last.dose)} ${unit}s</text>
<path class="threshold" d="M${px(x(first.dose))} ${px(y(first.levelBytes))}L${px(x(last.dose))} ${px(y(thresholdEnd))}"/>
<path class="line" d="${line}"/>${dots}</svg>
<figcaption>Memory after each cycle. Dashed: growth just at the leak threshold of ${formatRate(deltaBytes, unit)}.</figcaption></figure>`;
}
