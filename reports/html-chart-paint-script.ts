/** What the charts' script paints onto uPlot's canvases: scenarios and phases, the budget, trends, and bars. */
export const chartPaintScript = `
/** Pixels of the part of [from, to] (seconds) that is in view, or null. */
function span(u, from, to) {
  const { left, width } = u.bbox;
  const at = (second) => Math.min(left + width, Math.max(left, u.valToPos(second, 'x', true)));
  const [a, b] = [at(from), at(to)];
  return b - a < 1 ? null : { from: a, to: b, width: b - a };
}

function paintScenarios(u, named) {
  const { top, height } = u.bbox;
  const context = u.ctx;
  context.save();
  // uPlot leaves its own alignment behind.
  context.textAlign = 'left';
  for (const scenario of state.scenarios) {
    const band = span(u, scenario.startMs / 1000, scenario.endMs / 1000);
    if (band === null) continue;
    context.fillStyle = color('band');
    context.fillRect(band.from, top, band.width, height);
    scenario.phases.forEach((phase, index) => {
      const next = scenario.phases[index + 1];
      const part = span(u, phase.startMs / 1000, (next ? next.startMs : scenario.endMs) / 1000);
      if (part === null) return;
      if (index % 2 === 1) {
        context.fillStyle = color('band-phase');
        context.fillRect(part.from, top, part.width, height);
      }
      if (!named) return;
      context.font = font(400, 11);
      context.fillStyle = color('muted');
      context.textBaseline = 'top';
      context.fillText(fitted(context, phase.name, part.width - 8 * ratio()), part.from + 5 * ratio(), top + 6 * ratio());
    });
    if (!named) continue;
    context.font = font(600, 12);
    context.fillStyle = color('text');
    context.textBaseline = 'bottom';
    context.fillText(fitted(context, scenario.name, band.width - 4 * ratio()), band.from + 2 * ratio(), top - 6 * ratio());
    context.fillStyle = color('line-strong');
    context.fillRect(band.from, top - 3 * ratio(), band.width, 2 * ratio());
  }
  context.restore();
}

/** Whatever is painted stays in the chart's own area. */
function inside(u, paint) {
  const { left, top, width, height } = u.bbox;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
  paint(u.ctx);
  u.ctx.restore();
}

function paintBudget(u) {
  const off = hidden.has('budget') || u.scales.y.max < state.budgetBytes;
  document.querySelector('[data-series="budget"]').classList.toggle('off-scale', off && !hidden.has('budget'));
  if (off) return;
  const { left, width } = u.bbox;
  const y = u.valToPos(state.budgetBytes, 'y', true);
  inside(u, (context) => {
    context.strokeStyle = color('fail');
    context.lineWidth = 1.5 * ratio();
    context.setLineDash([6 * ratio(), 4 * ratio()]);
    context.beginPath(); context.moveTo(left, y); context.lineTo(left + width, y); context.stroke();
    context.font = font(600, 11);
    context.textAlign = 'right';
    context.textBaseline = 'top';
    // Below the line: above it stand the names of the phases. On a ground of its own, for the memory line may pass here.
    const text = 'budget ' + bytesText(state.budgetBytes);
    const wide = context.measureText(text).width;
    context.fillStyle = color('surface');
    context.fillRect(left + width - wide - 8 * ratio(), y + 3 * ratio(), wide + 6 * ratio(), 15 * ratio());
    context.fillStyle = color('fail');
    context.fillText(text, left + width - 5 * ratio(), y + 5 * ratio());
  });
}

/** The fit of each path with its interval, the same line twice as strong where it is a leak. */
function paintTrends(u) {
  if (hidden.has('trend')) return;
  const at = (second) => u.valToPos(second, 'x', true);
  const high = (bytes) => u.valToPos(bytes, 'y', true);
  inside(u, (context) => {
    for (const trend of state.trends) {
      const last = trend.elapsedMs.length - 1;
      if (last < 0 || trend.elapsedMs[last] / 1000 < u.scales.x.min || trend.elapsedMs[0] / 1000 > u.scales.x.max) continue;
      const tone = color(trend.leaks ? 'fail' : 'trend');
      const follow = (bytes, index) => context.lineTo(at(trend.elapsedMs[index] / 1000), high(bytes));
      context.fillStyle = context.strokeStyle = tone;
      context.globalAlpha = 0.2;
      context.beginPath();
      trend.highBytes.forEach(follow);
      for (let i = last; i >= 0; i--) follow(trend.lowBytes[i], i);
      context.fill();
      context.globalAlpha = 1;
      context.lineWidth = (trend.leaks ? 2.5 : 1.5) * ratio();
      context.beginPath();
      trend.fittedBytes.forEach(follow);
      context.stroke();
      if (!trend.dots) continue;
      trend.levelBytes.forEach((bytes, i) => {
        context.beginPath();
        context.arc(at(trend.elapsedMs[i] / 1000), high(bytes), 2.2 * ratio(), 0, 7);
        context.fill();
      });
    }
  });
}

/** A bar a span of time, stacked by how the streams ended. An ending that is seen at all is seen as three pixels at least. */
function paintEnds(u) {
  const floor = u.valToPos(0, 'y', true);
  inside(u, (context) => {
    for (const bar of state.bars) {
      if (bar.to < u.scales.x.min || bar.from > u.scales.x.max) continue;
      const left = u.valToPos(bar.from, 'x', true);
      const width = Math.max(2 * ratio(), u.valToPos(bar.to, 'x', true) - left - Math.min(1, ratio()));
      let top = floor;
      for (const { key } of state.endings) {
        const count = hidden.has(key) ? 0 : bar.counts[key] || 0;
        if (count === 0) continue;
        const height = Math.max(3 * ratio(), floor - u.valToPos(count, 'y', true));
        top -= height;
        context.fillStyle = color('end-' + key);
        context.fillRect(left, top, width, height);
      }
    }
  });
}
`;
