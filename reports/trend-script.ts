/** Draws the charts of the page of trends with uPlot. Plain script for browsers; it reads the data that stands in the page. */
export const trendScript = `
'use strict';
(() => {
  if (typeof uPlot === 'undefined') return;
  const { environments, metrics } = JSON.parse(document.getElementById('data').textContent);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const format = (value, unit) => {
    if (value === null || value === undefined) return '';
    const size = Math.abs(value);
    const digits = (n) => String(Number(n.toFixed(Math.abs(n) >= 100 ? 0 : Math.abs(n) >= 10 ? 1 : 2)));
    const steps = unit === 'bytes' ? [[1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB'], [1, 'B']] : [[1e3, 's'], [1, 'ms']];
    const [scale, name] = steps.find(([step]) => size >= step) || steps[steps.length - 1];
    return digits(value / scale).replace('-', '\\u2212') + ' ' + name;
  };
  const draw = (element, metric) => {
    const css = getComputedStyle(document.documentElement);
    const color = (name) => css.getPropertyValue(name).trim();
    const reading = element.parentElement.querySelector('.reading');
    const data = [metric.runs.map((_, index) => index)];
    const series = [{}];
    const bands = [];
    environments.forEach((_, env) => {
      const of = (key) => metric.runs.map((run) => (run.env === env ? run[key] : null));
      const tone = color('--env-' + Math.min(env, 4));
      const edge = { stroke: 'transparent', points: { show: false } };
      bands.push({ series: [series.length, series.length + 1], fill: tone + '33' });
      data.push(of('high'), of('low'), of('value'));
      // Across runs of another environment no line leads: they cannot be compared.
      series.push(edge, edge, { stroke: tone, width: 1.5, points: { show: true, size: 7, fill: tone, stroke: tone } });
    });
    const axis = { stroke: color('--muted'), grid: { stroke: color('--grid'), width: 1 }, ticks: { show: false }, font: '11px ' + color('--sans') };
    const last = Math.max(1, metric.runs.length - 1);
    return new uPlot({
      width: element.clientWidth, height: 190, series, bands, legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { x: { time: false, range: [-0.3, last + 0.3] } },
      axes: [
        { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500], values: (_, ticks) => ticks.map((i) => (metric.runs[i] ? metric.runs[i].day : '')) },
        { ...axis, size: 66, values: (_, ticks) => ticks.map((value) => format(value, metric.unit)) },
      ],
      hooks: { setCursor: [(plot) => {
        const run = metric.runs[plot.cursor.idx];
        reading.textContent = run ? run.text : '';
      }] },
    }, data, element);
  };
  const plots = [];
  const redraw = () => {
    for (const plot of plots.splice(0)) plot.destroy();
    metrics.forEach((metric, index) => plots.push(draw(document.getElementById('plot-' + index), metric)));
  };
  redraw();
  dark.addEventListener('change', redraw);
  let width = innerWidth;
  addEventListener('resize', () => {
    if (innerWidth === width) return;
    width = innerWidth;
    for (const plot of plots) plot.setSize({ width: plot.root.parentElement.clientWidth, height: 190 });
  });
})();
`;
