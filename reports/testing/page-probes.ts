/** Expressions that are evaluated in a page: what it shows, as numbers. */

// Contexts that are read from are of their own: a chart's canvas that is read again and again makes the browser warn.
const readable = `
  const readable = (width, height) => new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  const one = readable(1, 1);
  const known = new Map();
  /** A colour of CSS as [red, green, blue, alpha]. */
  const read = (text) => {
    if (!known.has(text)) {
      one.clearRect(0, 0, 1, 1);
      one.fillStyle = text;
      one.fillRect(0, 0, 1, 1);
      known.set(text, [...one.getImageData(0, 0, 1, 1).data]);
    }
    return known.get(text);
  };
  const root = getComputedStyle(document.documentElement);
  const named = (name) => read(root.getPropertyValue('--' + name).trim());
`;

/** How many pixels of a chart have just the colour that the style sheet gives to this line. */
export function pixelsOf(plot: string, color: string): string {
  return `(() => {
    ${readable}
    const canvas = document.querySelector('[data-plot="${plot}"] canvas');
    const copy = readable(canvas.width, canvas.height);
    copy.drawImage(canvas, 0, 0);
    const [r, g, b] = named('${color}');
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255) count++;
    return count;
  })()`;
}

const luminance = `
  ${readable}
  const channels = (text) => {
    const [r, g, b, a] = read(text);
    return { rgb: [r, g, b], alpha: a / 255 };
  };
  const over = ({ rgb, alpha }, ground) => rgb.map((value, i) => value * alpha + ground[i] * (1 - alpha));
  // WCAG 2.2: relative luminance, contrast ratio.
  const luminance = (rgb) => rgb.map((value) => value / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => { const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y); return (high + 0.05) / (low + 0.05); };
`;

/** Texts of the page whose contrast with what is behind them is below 4.5, or 3 where they are large (WCAG 2.2, 1.4.3). */
export const contrastFaults = `(() => {
  ${luminance}
  for (const details of document.querySelectorAll('details')) details.open = true;
  const ground = (element) => {
    const layers = [];
    for (let one = element; one !== null; one = one.parentElement) {
      const layer = channels(getComputedStyle(one).backgroundColor);
      layers.push(layer);
      if (layer.alpha === 1) break;
    }
    return layers.reverse().reduce((rgb, layer) => over(layer, rgb), [255, 255, 255]);
  };
  const faults = new Set();
  let checked = 0;
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!text || element.closest('svg, script, noscript, option, .uplot') || !element.checkVisibility()) continue;
    checked++;
    const style = getComputedStyle(element);
    const behind = ground(element);
    const contrast = ratio(over(channels(style.color), behind), behind);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5)) faults.add(element.tagName + '.' + element.className + ' in ' + element.parentElement.className + ': ' + contrast.toFixed(3));
  }
  return checked < 100 ? ['only ' + checked + ' texts were found'] : [...faults];
})()`;

/** Contrast of each line, bar and sign with the ground of its chart; 3 is enough (WCAG 2.2, 1.4.11). */
export const graphicContrasts = `(() => {
  ${luminance}
  const names = ['rss', 'pss', 'heap', 'trend', 'fail', 'streams', 'fds', 'events', ...[...document.querySelectorAll('[data-plot="ends"] .toggle')].map(({ dataset }) => 'end-' + dataset.series)];
  return Object.fromEntries(names.map((name) => [name, ratio(named(name).slice(0, 3), named('surface').slice(0, 3))]));
})()`;
