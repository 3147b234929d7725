/** Words, colours and columns of the charts' script, which is put together in html-chart-script.ts. */
export const chartWordsScript = `
const byId = (id) => document.getElementById(id);
const style = getComputedStyle(document.documentElement);
const color = (name) => style.getPropertyValue('--' + name).trim();
const sans = style.getPropertyValue('--sans');
const ratio = () => window.devicePixelRatio || 1;
const font = (weight, size) => weight + ' ' + size * ratio() + 'px ' + sans;

function bytesText(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (Math.abs(bytes) >= 999.5 && unit < 4) { bytes /= 1000; unit++; }
  return Number(bytes.toFixed(bytes >= 100 ? 0 : bytes >= 10 ? 1 : 2)) + ' ' + units[unit];
}
function clock(second, fine) {
  const whole = Math.floor(second + 1e-6);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, '0');
  const tenths = fine ? '.' + Math.floor((second - whole) * 10 + 1e-5) : '';
  return (h > 0 ? h + ':' + two(m) : m) + ':' + two(s) + tenths;
}
// In 'en-US' and not in the browser's language, which may be none: see html-page-script.ts.
const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const countText = (count) => grouped.format(count);
const shortText = (count) => (count >= 1e6 ? countText(count / 1e6) + ' M' : count >= 1e4 ? countText(count / 1e3) + ' k' : countText(count));

/** The text, cut where it is wider than the room that it has. */
function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  for (let end = text.length - 1; end >= 3; end--) {
    const cut = text.slice(0, end).trimEnd() + '…';
    if (context.measureText(cut).width <= width) return cut;
  }
  return '';
}

/** Index of the last value that is not above; -1: all are. */
function lastUpTo(values, limit) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= limit) low = middle + 1; else high = middle;
  }
  return low - 1;
}
function nearest(values, value) {
  const before = lastUpTo(values, value);
  if (before < 0) return 0;
  if (before + 1 >= values.length) return values.length - 1;
  return value - values[before] <= values[before + 1] - value ? before : before + 1;
}
`;

/**
 * From columns a scenario to what uPlot draws: a time axis a chart. A row of nulls between two scenarios, and between two
 * processes, keeps lines apart that do not belong together; undefined is where a line has no value of its own and goes on.
 */
export const chartColumnsScript = `
function sampleColumns(scenarios) {
  const all = { seconds: [], rss: [], streams: [], fds: [], events: [] };
  for (const scenario of scenarios) {
    scenario.elapsedMs.forEach((elapsedMs, i) => {
      all.seconds.push(elapsedMs / 1000);
      all.rss.push(scenario.rssBytes[i]);
      all.streams.push(scenario.openStreams[i]);
      all.fds.push(scenario.fds[i]);
      all.events.push(scenario.eventsPerSecond[i]);
    });
    all.seconds.push(scenario.endMs / 1000);
    for (const name of ['rss', 'streams', 'fds', 'events']) all[name].push(null);
  }
  return all;
}

function memoryColumns(scenarios, samples) {
  const rows = samples.seconds.map((second, i) => [second, samples.rss[i], samples.rss[i] === null ? null : undefined, samples.rss[i] === null ? null : undefined]);
  for (const { readings } of scenarios) {
    readings.elapsedMs.forEach((elapsedMs, i) => {
      if (i > 0 && readings.attempt[i] !== readings.attempt[i - 1])
        rows.push([(elapsedMs + readings.elapsedMs[i - 1]) / 2000, undefined, null, null]);
      rows.push([elapsedMs / 1000, undefined, readings.pssBytes[i], readings.heapBytes[i]]);
    });
  }
  rows.sort((a, b) => a[0] - b[0]);
  const columns = [0, 1, 2, 3].map((column) => rows.map((row) => row[column]));
  for (const values of columns.slice(1)) breakLine(values);
  return columns;
}
/** uPlot leaves out only what lies between a null and its neighbours: here they are rows of another line. */
function breakLine(values) {
  let from = 0;
  for (let i = 0; i <= values.length; i++) {
    if (i < values.length && (values[i] === null || values[i] === undefined)) continue;
    if (i > from && values.indexOf(null, from) >= 0 && values.indexOf(null, from) < i) values.fill(null, from, i);
    from = i + 1;
  }
}

/** Bars of the ends; those of a long scenario are wider. */
function endBars(scenarios) {
  return scenarios.flatMap(({ ends }) => ends.elapsedMs.map((fromMs, i) => ({
    from: fromMs / 1000,
    to: (fromMs + ends.bucketMs) / 1000,
    counts: Object.fromEntries(Object.entries(ends.counts).map(([ending, counts]) => [ending, counts[i]])),
  })));
}
`;
