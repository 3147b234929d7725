/** The cursor of the charts' script: all values at one time, for the mouse and for the keyboard. */
export const chartTipScript = `
const tip = document.createElement('div');
tip.className = 'tip';
tip.hidden = true;
box.append(tip);
/** Seconds at which the cursor stands, or null. */
let cursorAt = null;

/** Everything that is known of the scenario at a time, or of the nearest one. */
function reading(second) {
  const ms = second * 1000;
  const before = state.scenarios.filter(({ startMs }) => startMs <= ms).pop() || state.scenarios[0];
  const scenario = ms <= before.endMs ? before : state.scenarios.reduce((best, one) => Math.abs(one.startMs - ms) < Math.abs(best.endMs - ms) ? one : best, before);
  const at = nearest(scenario.elapsedMs, ms);
  const elapsedMs = scenario.elapsedMs[at];
  const phase = scenario.phases.filter(({ startMs }) => startMs <= elapsedMs).pop();
  const rows = [['', 'Time', clock(elapsedMs / 1000, true)], ['rss', 'RSS', bytesText(scenario.rssBytes[at])]];
  const { readings, ends } = scenario;
  if (readings.elapsedMs.length > 0) {
    const careful = nearest(readings.elapsedMs, ms);
    for (const [key, title, bytes] of [['pss', 'PSS', readings.pssBytes[careful]], ['heap', 'Heap', readings.heapBytes[careful]]])
      if (bytes !== null) rows.push([key, title + ' at ' + clock(readings.elapsedMs[careful] / 1000, true), bytesText(bytes)]);
  }
  for (const trend of scenario.trends)
    if (trend.elapsedMs[0] <= ms && ms <= trend.elapsedMs[trend.elapsedMs.length - 1]) rows.push([trend.leaks ? 'trend-leaks' : 'trend', trend.name, trend.rate], ['', 'Interval', trend.interval]);
  const perSecond = scenario.eventsPerSecond[at];
  const fds = scenario.fds[at];
  rows.push(
    ['streams', 'Open streams', countText(scenario.openStreams[at])],
    ['fds', 'File descriptors', fds === null ? 'not measured' : countText(fds)],
    ['events', 'Events a second', perSecond === null ? '–' : countText(perSecond)],
    ['', 'Events so far', countText(scenario.events[at])],
  );
  const bucket = lastUpTo(ends.elapsedMs, ms);
  if (bucket >= 0 && ms < ends.elapsedMs[bucket] + ends.bucketMs)
    for (const { key, title } of state.endings) {
      const count = ends.counts[key] ? ends.counts[key][bucket] : 0;
      if (count > 0) rows.push([key, title + ' in ' + countText(ends.bucketMs / 1000) + ' s', countText(count)]);
    }
  return { second: elapsedMs / 1000, title: scenario.name + (phase ? ' › ' + phase.name : ''), rows };
}

/** One cursor moved: the others go with it, and the tip shows what all charts have there. */
function follow(source) {
  if (following || plots.length === 0) return;
  const { left } = source.cursor;
  if (left === null || left === undefined || left < 0) return;
  following = true;
  for (const u of plots) if (u !== source) u.setCursor({ left, top: 10 }, false);
  following = false;
  cursorAt = source.posToVal(left, 'x');
  placeTip(source, left);
}

function placeTip(source, left) {
  const shown = reading(cursorAt);
  const title = document.createElement('strong');
  title.textContent = shown.title;
  const list = document.createElement('dl');
  for (const [key, label, value] of shown.rows) {
    const [dt, dd, swatch] = ['dt', 'dd', 'span'].map((name) => document.createElement(name));
    swatch.className = key === '' ? '' : 'swatch ' + key;
    dt.append(swatch, label);
    dd.textContent = value;
    list.append(dt, dd);
  }
  tip.replaceChildren(title, list);
  tip.hidden = false;
  const [plot, around] = [source.over.getBoundingClientRect(), box.getBoundingClientRect()];
  if (narrow()) {
    // No room beside the cursor: below the chart that is read, or above it at the end of the page.
    const below = plot.bottom - around.top + 34;
    const fits = below + tip.offsetHeight <= around.height;
    const above = plot.top - around.top - tip.offsetHeight - 34;
    tip.style.transform = 'translate(0, ' + Math.round(fits ? below : above) + 'px)';
    return;
  }
  const space = 14;
  const [from, full] = [plot.left - around.left, around.width];
  const width = tip.offsetWidth;
  const at = from + left;
  const beside = at + space + width <= full ? at + space : at - space - width;
  const x = beside >= 0 ? beside : left < plot.width / 2 ? full - width : 0;
  // The tip of a low chart may stand over those above it, but not over the end of the page.
  const y = Math.max(0, Math.min(plot.top - around.top + 8, around.height - tip.offsetHeight));
  tip.style.transform = 'translate(' + Math.round(x) + 'px, ' + Math.round(y) + 'px)';
}

function clearCursor() {
  tip.hidden = true;
  cursorAt = null;
  following = true;
  for (const u of plots) u.setCursor({ left: -10, top: -10 }, false);
  following = false;
}

box.addEventListener('keydown', (event) => {
  if (event.target !== box || plots.length === 0) return;
  if (event.key === 'Escape') return clearCursor();
  const [from, to] = inView();
  const times = state.scenarios.flatMap(({ elapsedMs }) => elapsedMs.map((ms) => ms / 1000)).filter((second) => second >= from && second <= to);
  if (times.length === 0) return;
  const now = cursorAt === null ? -1 : nearest(times, cursorAt);
  const step = event.shiftKey ? 10 : 1;
  const next = { ArrowLeft: now - step, ArrowRight: now + step, Home: 0, End: times.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  const second = times[Math.min(times.length - 1, Math.max(0, next))];
  const [main] = plots;
  main.setCursor({ left: main.valToPos(second, 'x'), top: 40 });
  cursorAt = second;
  const shown = reading(second);
  byId('reading').textContent = shown.title + ': ' + shown.rows.map(([, label, value]) => label + ' ' + value).join(', ');
});
box.addEventListener('blur', clearCursor);
`;
