/**
 * The script of the HTML report. It runs in a browser, after uPlot, and reads only the JSON in
 * `#data`. Text from outside goes to the page through `textContent` and to the canvas, never as markup.
 */
export const chartScript = `(() => {
'use strict';
const byId = (id) => document.getElementById(id);
const chart = byId('chart');
if (chart === null) return;
if (typeof uPlot !== 'function') {
  chart.textContent = 'The chart could not be drawn in this browser; the table below has its readings.';
  return;
}
const { scenarios, budgetBytes } = JSON.parse(byId('data').textContent);
if (scenarios.length === 0) return;

// A pair of lines a scenario: each has a target of its own, and one line would join what does not belong together.
const seconds = [], owner = [], indexIn = [];
scenarios.forEach((scenario, number) => scenario.elapsedMs.forEach((elapsedMs, index) => {
  seconds.push(elapsedMs / 1000);
  owner.push(number);
  indexIn.push(index);
}));
const column = (name, number) => owner.map((from, i) => (from === number ? scenarios[number][name][indexIn[i]] : null));
const columns = [seconds, ...scenarios.flatMap((_, number) => [column('openStreams', number), column('rssBytes', number)])];
const firstSecond = 0;
const lastSecond = Math.max(1, scenarios[scenarios.length - 1].endMs / 1000);
const highestBytes = scenarios.reduce((high, scenario) => scenario.rssBytes.reduce((a, b) => Math.max(a, b), high), 0);
// A budget within reach of the readings is always on the scale; else a button brings it there.
const budgetIsNear = highestBytes * 2 >= budgetBytes;
let toBudget = budgetIsNear;

const narrow = chart.clientWidth < 560;
const style = getComputedStyle(document.documentElement);
const color = (name) => style.getPropertyValue('--' + name).trim();
const ratio = () => window.devicePixelRatio || 1;
const font = (weight, size) => weight + ' ' + size * ratio() + 'px ' + style.getPropertyValue('--sans');

function bytesText(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (Math.abs(bytes) >= 999.5 && unit < 4) { bytes /= 1000; unit++; }
  return Number(bytes.toFixed(bytes >= 100 ? 0 : bytes >= 10 ? 1 : 2)) + ' ' + units[unit];
}
function clock(second, fine) {
  const whole = Math.floor(second);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, '0');
  const tenths = fine ? '.' + Math.floor((second - whole) * 10 + 1e-6) : '';
  return (h > 0 ? h + ':' + two(m) : m) + ':' + two(s) + tenths;
}
const countText = (count) => count.toLocaleString('en-US');

// Every 1, 2 or 5 times a power of ten: uPlot also offers 2.5, which reads badly in bytes.
const steps = [];
for (let power = 1; power <= 1e12; power *= 10) steps.push(power, 2 * power, 5 * power);
const timeSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  for (let end = text.length - 1; end >= 3; end--) {
    const cut = text.slice(0, end).trimEnd() + '…';
    if (context.measureText(cut).width <= width) return cut;
  }
  return '';
}

/** Pixels of the part of [from, to] (ms) that is in view, or null. */
function span(u, fromMs, toMs) {
  const { left, width } = u.bbox;
  const at = (ms) => Math.min(left + width, Math.max(left, u.valToPos(ms / 1000, 'x', true)));
  const [from, to] = [at(fromMs), at(toMs)];
  return to - from < 1 ? null : { from, to, width: to - from };
}

function drawBands(u) {
  const { top, height } = u.bbox;
  const context = u.ctx;
  context.save();
  scenarios.forEach((scenario, number) => {
    const band = span(u, scenario.startMs, scenario.endMs);
    if (band === null) return;
    context.fillStyle = color('band');
    context.fillRect(band.from, top, band.width, height);
    scenario.phases.forEach((phase, index) => {
      const part = span(u, phase.startMs, scenario.phases[index + 1] ? scenario.phases[index + 1].startMs : scenario.endMs);
      if (part === null) return;
      if (index % 2 === 1) {
        context.fillStyle = color('band-phase');
        context.fillRect(part.from, top, part.width, height);
      }
      context.font = font(400, 11);
      context.fillStyle = color('muted');
      context.textBaseline = 'top';
      context.fillText(fitted(context, phase.name, part.width - 8 * ratio()), part.from + 5 * ratio(), top + 6 * ratio());
    });
    context.font = font(600, 12);
    context.fillStyle = color('text');
    context.textBaseline = 'bottom';
    context.fillText(fitted(context, scenario.name, band.width - 4 * ratio()), band.from + 2 * ratio(), top - 6 * ratio());
    context.fillStyle = color('line-strong');
    context.fillRect(band.from, top - 3 * ratio(), band.width, 2 * ratio());
  });
  context.font = font(400, 11);
  context.fillStyle = color('muted');
  context.textAlign = 'right';
  context.fillText('streams', u.bbox.left + u.bbox.width + (narrow ? 30 : 46) * ratio(), top - 6 * ratio());
  context.restore();
}

function drawBudget(u) {
  const { left, width } = u.bbox;
  const off = u.scales.y.max < budgetBytes;
  byId('off-scale').hidden = !off;
  if (off) return;
  const y = u.valToPos(budgetBytes, 'y', true);
  const context = u.ctx;
  context.save();
  context.strokeStyle = context.fillStyle = color('fail');
  context.lineWidth = 1.5 * ratio();
  context.setLineDash([6 * ratio(), 4 * ratio()]);
  context.beginPath(); context.moveTo(left, y); context.lineTo(left + width, y); context.stroke();
  context.font = font(600, 11);
  context.textAlign = 'right';
  context.textBaseline = 'top';
  // Below the line: above it stand the names of the phases. On a ground of its own, for the memory line may pass here.
  const text = 'budget ' + bytesText(budgetBytes);
  const wide = context.measureText(text).width;
  context.fillStyle = color('surface');
  context.fillRect(left + width - wide - 8 * ratio(), y + 3 * ratio(), wide + 6 * ratio(), 15 * ratio());
  context.fillStyle = color('fail');
  context.fillText(text, left + width - 5 * ratio(), y + 5 * ratio());
  context.restore();
}

const tip = document.createElement('div');
tip.className = 'tip';
tip.hidden = true;

function reading(index) {
  const scenario = scenarios[owner[index]];
  const inScenario = indexIn[index];
  const elapsedMs = scenario.elapsedMs[inScenario];
  const phase = scenario.phases.filter(({ startMs }) => startMs <= elapsedMs).pop();
  const fds = scenario.fds[inScenario];
  return {
    title: scenario.name + (phase ? ' › ' + phase.name : ''),
    rows: [
      ['time', clock(elapsedMs / 1000, true)],
      ['memory', bytesText(scenario.rssBytes[inScenario])],
      ['open streams', countText(scenario.openStreams[inScenario])],
      ['events so far', countText(scenario.events[inScenario])],
      ['file descriptors', fds === null ? 'not measured' : countText(fds)],
    ],
  };
}

function showTip(u) {
  const index = u.cursor.idx;
  const shown = index === null || index === undefined || u.cursor.left < 0 ? null : reading(index);
  tip.hidden = shown === null;
  if (shown === null) return;
  const title = document.createElement('strong');
  title.textContent = shown.title;
  const list = document.createElement('dl');
  for (const [label, value] of shown.rows) {
    const [dt, dd] = [document.createElement('dt'), document.createElement('dd')];
    dt.textContent = label; dd.textContent = value;
    list.append(dt, dd);
  }
  tip.replaceChildren(title, list);
  const space = 14;
  const [width, full] = [tip.offsetWidth, u.over.clientWidth];
  const beside = u.cursor.left + space + width <= full ? u.cursor.left + space : u.cursor.left - space - width;
  // Where neither side has room (a phone) it takes the half that the finger is not in.
  const left = beside >= 0 ? beside : u.cursor.left < full / 2 ? full - width : 0;
  tip.style.transform = 'translate(' + left + 'px, 26px)';
}

const size = () => ({ width: chart.clientWidth, height: chart.clientWidth < 560 ? 280 : 360 });
const axis = { stroke: () => color('muted'), ticks: { show: false }, font: '12px ' + style.getPropertyValue('--sans') };

const u = new uPlot({
  ...size(),
  padding: [26, 2, 0, narrow ? 0 : 4],
  legend: { show: false },
  cursor: { y: false, drag: { x: true, y: false, setScale: true }, points: { size: 8, width: 2, fill: () => color('surface'), stroke: (plot, i) => color(i % 2 === 0 ? 'rss' : 'streams-line') } },
  scales: {
    x: { time: false, range: (plot, min, max) => min === seconds[0] && max === seconds[seconds.length - 1] ? [firstSecond, lastSecond] : [min, max] },
    y: { range: (plot, min, max) => {
      const high = max === null ? budgetBytes : max * 1.18;
      return [0, toBudget ? Math.max(high, budgetBytes * 1.13) : high || 1];
    } },
    // Streams stay in the lower part, so that their steps do not hide the memory line.
    streams: { range: (plot, min, max) => [0, Math.max(4, (max || 0) * 2.2)] },
  },
  series: [{}, ...scenarios.flatMap(({ elapsedMs }) => [
    { scale: 'streams', stroke: () => color('streams-line'), fill: () => color('streams'), width: 1, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } },
    { scale: 'y', stroke: () => color('rss'), width: 2, points: { show: elapsedMs.length < 2 } },
  ])],
  axes: [
    { ...axis, size: 30, space: 64, incrs: timeSteps, grid: { show: false }, values: (plot, ticks, i, space, step) => ticks.map((tick) => clock(tick, step < 1)) },
    { ...axis, scale: 'y', size: narrow ? 52 : 64, gap: 8, space: 44, incrs: steps, grid: { stroke: () => color('grid'), width: 1 }, values: (plot, ticks) => ticks.map(bytesText) },
    { ...axis, scale: 'streams', side: 1, size: narrow ? 34 : 46, gap: 8, space: 44, incrs: steps, grid: { show: false }, values: (plot, ticks) => ticks.map(countText) },
  ],
  hooks: { drawClear: [drawBands], draw: [drawBudget], setCursor: [showTip] },
}, columns, chart);
u.over.append(tip);

const picker = byId('scenario');
const scale = byId('scale');
byId('controls').hidden = false;
byId('hint').hidden = !window.matchMedia('(hover: hover)').matches;
scale.hidden = budgetIsNear;
scale.addEventListener('click', () => {
  toBudget = !toBudget;
  scale.setAttribute('aria-pressed', String(toBudget));
  u.setScale('x', { min: u.scales.x.min, max: u.scales.x.max });
});
function show(choice) {
  const scenario = scenarios[choice];
  const [min, max] = scenario ? [scenario.startMs / 1000, scenario.endMs / 1000] : [firstSecond, lastSecond];
  u.setScale('x', { min, max: Math.max(max, min + 0.1) });
}
show('all');
picker.addEventListener('change', () => show(picker.value));
u.over.addEventListener('dblclick', () => { picker.value = 'all'; show('all'); });

chart.addEventListener('keydown', (event) => {
  const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === 'Escape') { u.setCursor({ left: -10, top: -10 }); return; }
  if (direction === undefined) return;
  event.preventDefault();
  const step = direction * (event.shiftKey ? 10 : 1);
  const inView = (i) => seconds[i] >= u.scales.x.min && seconds[i] <= u.scales.x.max;
  const index = u.cursor.idx === null || u.cursor.idx === undefined || tip.hidden ? seconds.findIndex((_, i) => inView(i)) : u.cursor.idx + step;
  if (index < 0 || index >= seconds.length || !inView(index)) return;
  u.setCursor({ left: u.valToPos(seconds[index], 'x'), top: 40 });
  const shown = reading(index);
  if (shown) byId('reading').textContent = shown.title + ': ' + shown.rows.map((row) => row.join(' ')).join(', ');
});
chart.addEventListener('blur', () => u.setCursor({ left: -10, top: -10 }));

new ResizeObserver(() => { const next = size(); if (next.width > 0 && next.width !== u.width) u.setSize(next); }).observe(chart);
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => u.redraw(false, true));

})();
`;
