import { chartPaintScript } from './html-chart-paint-script.ts';
import { chartTipScript } from './html-chart-tip-script.ts';
import { chartColumnsScript, chartWordsScript } from './html-chart-words-script.ts';

/**
 * The charts of the HTML report: five uPlots on one time axis, whose cursors, zoom and legend go together. It runs in a
 * browser, after uPlot, and reads only the JSON in `#data`, or what `window.hydrotest.update` brings. Text from outside
 * goes to the page through `textContent` and to the canvas, never as markup.
 */
export const chartScript = `(() => {
'use strict';
${chartWordsScript}${chartColumnsScript}
/** Data, and what follows from it. */
let state;
/** Series whose legend was clicked away. */
const hidden = new Set();
/** [from, to] in seconds, or null: everything. */
let zoom = null;
let toBudget = null;
let plots = [];

function take(data) {
  const { scenarios, budgetBytes, endings } = data;
  const samples = sampleColumns(scenarios);
  const highest = samples.rss.reduce((high, bytes) => Math.max(high, bytes || 0), 0);
  // A budget within reach of the readings is always on the scale; else a button brings it there.
  const budgetIsNear = highest * 2 >= budgetBytes;
  state = {
    scenarios, budgetBytes, endings, samples, budgetIsNear,
    memory: memoryColumns(scenarios, samples),
    bars: endBars(scenarios),
    trends: scenarios.flatMap(({ trends }) => trends),
    lastSecond: Math.max(1, scenarios.length === 0 ? 1 : scenarios[scenarios.length - 1].endMs / 1000),
  };
}
take(JSON.parse(byId('data').textContent));
// spans: what each chart shows, in seconds; they are all the same.
window.hydrotest.charts = { update, spans: () => plots.map(({ scales }) => [scales.x.min, scales.x.max]) };
if (typeof uPlot !== 'function') {
  byId('no-chart').hidden = false;
  return;
}
${chartPaintScript}
const box = byId('chart');
const picker = byId('scenario');
const scale = byId('scale');
const narrow = () => box.clientWidth < 560;

// Every 1, 2 or 5 times a power of ten: uPlot also offers 2.5, which reads badly in bytes.
const steps = [];
for (let power = 1; power <= 1e12; power *= 10) steps.push(power, 2 * power, 5 * power);
const timeSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

const inView = () => zoom || [0, state.lastSecond];
/** From nothing, unless only lines are shown that lie close together: then as near as the trends can be told. */
function memoryRange(u, min, max) {
  const near = hidden.has('rss') && hidden.has('pss') && max !== null && !toBudget;
  let [low, high] = [min, max];
  if (near && !hidden.has('trend')) {
    const [from, to] = inView();
    for (const trend of state.trends) trend.elapsedMs.forEach((elapsedMs, i) => {
      if (elapsedMs / 1000 < from || elapsedMs / 1000 > to) return;
      low = Math.min(low, trend.lowBytes[i]);
      high = Math.max(high, trend.highBytes[i]);
    });
  }
  if (near) return [Math.max(0, low - (high - low) * 0.1 - 1000), high + (high - low) * 0.25 + 1000];
  const top = high === null ? state.budgetBytes : high * 1.18;
  const withBudget = toBudget === null ? state.budgetIsNear : toBudget;
  return [0, (withBudget && !hidden.has('budget') ? Math.max(top, state.budgetBytes * 1.13) : top) || 1];
}
function endsRange() {
  const [from, to] = inView();
  const heights = state.bars.map((bar) => bar.to < from || bar.from > to ? 0 : state.endings.reduce((sum, { key }) => sum + (hidden.has(key) ? 0 : bar.counts[key] || 0), 0));
  return [0, Math.max(1, heights.reduce((a, b) => Math.max(a, b), 0) * 1.12)];
}

/** The nearest value of a line that is not measured at every time on the axis. */
function indexOfValue(u, series, index) {
  const values = u.data[series];
  for (let away = 0; away < 400; away++) {
    for (const i of [index - away, index + away]) if (values[i] !== null && values[i] !== undefined) return i;
  }
  return index;
}

/**
 * A line through all values of its own: undefined is skipped, null ends it. uPlot's own lines go on into the pixels beside a
 * gap, which shows between two scenarios whose levels are far apart. \`stepped\`: a value holds until the next one.
 */
const through = (stepped) => (u, series) => {
  const [seconds, values] = [u.data[0], u.data[series]];
  const [stroke, fill] = [new Path2D(), new Path2D()];
  const ground = u.valToPos(0, 'y', true);
  let x = null, y = null;
  const end = () => { if (x !== null) { fill.lineTo(x, ground); fill.closePath(); } x = null; };
  // All of them: a line may reach in from far outside of the view, and what lies there is clipped.
  for (let i = 0; i < values.length; i++) {
    if (values[i] === undefined) continue;
    if (values[i] === null) { end(); continue; }
    const at = u.valToPos(seconds[i], 'x', true);
    const high = u.valToPos(values[i], 'y', true);
    if (x === null) { stroke.moveTo(at, high); fill.moveTo(at, ground); fill.lineTo(at, high); }
    if (x !== null && stepped) { stroke.lineTo(at, y); fill.lineTo(at, y); }
    stroke.lineTo(at, high);
    fill.lineTo(at, high);
    [x, y] = [at, high];
  }
  end();
  return { stroke, fill: u.series[series].fill ? fill : null, clip: null, flags: 1 };
};

const line = (key, more) => ({ key, scale: 'y', paths: through(false), stroke: () => color(key), width: 1.5, points: { show: false }, ...more });
const dotted = (key) => line(key, { points: { show: (u, series, from, to) => to - from < 900, size: 5, width: 1, stroke: () => color(key), fill: () => color(key) } });
const filled = (key, more) => line(key, { width: 1.25, fill: () => color(key + '-fill'), ...more });
const fromNothing = (u, min, max) => [0, Math.max(4, (max || 0) * 1.15)];
const kinds = {
  memory: {
    heights: [360, 280], range: memoryRange, words: bytesText,
    columns: () => state.memory,
    series: [line('rss', { width: 2 }), dotted('pss'), dotted('heap')],
    paint: [paintTrends, paintBudget],
  },
  streams: { columns: () => [state.samples.seconds, state.samples.streams], series: [filled('streams', { paths: through(true) })] },
  fds: { columns: () => [state.samples.seconds, state.samples.fds], series: [line('fds')] },
  events: { columns: () => [state.samples.seconds, state.samples.events], series: [filled('events')] },
  ends: {
    range: endsRange, last: true,
    columns: () => [[0, state.lastSecond], [0, 0]],
    series: [{ key: 'ends', scale: 'y', paths: () => null, points: { show: false } }],
    paint: [paintEnds],
  },
};

const size = (kind) => ({ width: box.clientWidth, height: kind.heights ? kind.heights[narrow() ? 1 : 0] : kind.last ? 150 : 104 });
const axis = { stroke: () => color('muted'), ticks: { show: false }, font: '12px ' + sans };
let following = false;

function draw(key) {
  const kind = kinds[key];
  const main = key === 'memory';
  const timed = main || kind.last;
  const words = kind.words || shortText;
  const u = new uPlot({
    ...size(kind),
    padding: [main ? 26 : 8, state.lastSecond >= 3600 ? 26 : 16, timed ? 0 : 6, 0],
    legend: { show: false },
    focus: { alpha: 1 },
    cursor: {
      y: false, dataIdx: indexOfValue,
      drag: { x: true, y: false, setScale: true },
      bind: { dblclick: () => null },
      points: kind.last ? { show: false } : { size: 7, width: 2, fill: () => color('surface'), stroke: (plot, i) => color(kind.series[i - 1].key) },
    },
    scales: {
      x: { time: false, range: (plot, min, max) => (min === plot.data[0][0] && max === plot.data[0][plot.data[0].length - 1] ? inView() : [min, max]) },
      y: { range: kind.range || fromNothing },
    },
    series: [{}, ...kind.series.map((series) => ({ ...series, show: !hidden.has(series.key) }))],
    axes: [
      { ...axis, show: timed, size: 30, space: 64, incrs: timeSteps, grid: { show: false }, values: (plot, ticks, i, space, step) => ticks.map((tick) => clock(tick, step < 1)) },
      { ...axis, scale: 'y', size: narrow() ? 54 : 66, gap: 8, space: main ? 44 : 30, incrs: steps, grid: { stroke: () => color('grid'), width: 1 }, values: (plot, ticks) => ticks.map(words) },
    ],
    hooks: {
      drawClear: [(plot) => paintScenarios(plot, main)],
      draw: kind.paint || [],
      setCursor: [follow],
      setScale: [(plot, name) => { if (name === 'x') zoomTo(plot); }],
      ready: [() => { if (kind.last) performance.mark('charts drawn'); }],
    },
  }, kind.columns(), box.querySelector('[data-plot="' + key + '"] .plot-area'));
  u.over.addEventListener('dblclick', () => { picker.value = 'all'; show(null); });
  u.over.addEventListener('mouseleave', () => clearCursor());
  return Object.assign(u, { key });
}

/** One chart was zoomed by a drag: the others follow. */
function zoomTo(plot) {
  const { min, max } = plot.scales.x;
  const [from, to] = inView();
  // uPlot tells later of what was set here: that is no drag.
  if (Math.abs(min - from) < 1e-6 && Math.abs(max - to) < 1e-6) return;
  show([min, Math.max(max, min + 0.1)]);
}
function show(range) {
  zoom = range;
  redraw();
  byId('zoom-out').hidden = zoom === null;
}
/** Sets the time axis as it is, by which the other axis is found anew. */
function redraw() {
  const [min, max] = inView();
  for (const u of plots) u.setScale('x', { min, max });
}

${chartTipScript}
function setUp() {
  byId('charts').hidden = false;
  plots = Object.keys(kinds).map(draw);
  show(zoom);
}

function refreshControls() {
  byId('charts').hidden = state.scenarios.length === 0;
  const chosen = picker.value;
  const options = state.scenarios.map(({ name }, index) => Object.assign(document.createElement('option'), { value: String(index), textContent: name }));
  while (picker.options.length > 1) picker.options[1].remove();
  picker.append(...options);
  picker.value = chosen === '' || Number(chosen) >= options.length ? 'all' : chosen;
  picker.parentElement.hidden = options.length < 2;
  scale.hidden = state.budgetIsNear;
  const occurred = new Set(state.bars.flatMap(({ counts }) => Object.keys(counts)));
  for (const { key } of state.endings) box.querySelector('[data-series="' + key + '"]').parentElement.hidden = !occurred.has(key);
  for (const key of ['pss', 'heap']) {
    const column = state.memory[key === 'pss' ? 2 : 3];
    box.querySelector('[data-series="' + key + '"]').parentElement.hidden = !column.some((bytes) => bytes !== null && bytes !== undefined);
  }
  byId('heap-only').hidden = box.querySelector('[data-series="heap"]').parentElement.hidden;
  box.querySelector('[data-series="trend"]').parentElement.hidden = state.trends.length === 0;
}

/** New data: zoom and legend stay as they are. */
function update(data) {
  take(data);
  if (typeof uPlot !== 'function') return;
  refreshControls();
  if (state.scenarios.length === 0) return;
  if (plots.length === 0) return setUp();
  for (const u of plots) u.setData(kinds[u.key].columns(), false);
  show(zoom);
}

refreshControls();
if (state.scenarios.length > 0) setUp();

box.addEventListener('click', (event) => {
  const button = event.target.closest('.toggle');
  if (button === null) return;
  const { series } = button.dataset;
  if (!hidden.delete(series)) hidden.add(series);
  const shown = !hidden.has(series);
  button.setAttribute('aria-pressed', String(shown));
  for (const u of plots) {
    const index = u.series.findIndex(({ key }) => key === series);
    if (index > 0) u.setSeries(index, { show: shown });
    // The only line of a chart takes the chart with it.
    if (u.key === series) u.root.parentElement.hidden = !shown;
  }
  byId('heap-only').setAttribute('aria-pressed', String(hidden.has('rss') && hidden.has('pss') && !hidden.has('heap')));
  redraw();
});
scale.addEventListener('click', () => {
  toBudget = !toBudget;
  scale.setAttribute('aria-pressed', String(toBudget));
  redraw();
});
byId('heap-only').addEventListener('click', () => {
  const others = [...box.querySelectorAll('[data-series="rss"], [data-series="pss"]')];
  const all = others.every((button) => button.getAttribute('aria-pressed') === 'false');
  for (const button of others) if ((button.getAttribute('aria-pressed') === 'true') !== all) button.click();
});
picker.addEventListener('change', () => {
  const scenario = state.scenarios[picker.value];
  show(scenario ? [scenario.startMs / 1000, Math.max(scenario.endMs, scenario.startMs + 100) / 1000] : null);
});
byId('zoom-out').addEventListener('click', () => { picker.value = 'all'; show(null); });
new ResizeObserver(() => {
  for (const u of plots) {
    const next = size(kinds[u.key]);
    if (next.width > 0 && next.width !== u.width) u.setSize(next);
  }
}).observe(box);
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { for (const u of plots) u.redraw(false, true); });
})();
`;
