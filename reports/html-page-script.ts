/** The scripts of the HTML report that are not about its charts. They run in a browser. */

/**
 * Stands before uPlot, which makes an `Intl.NumberFormat` of the browser's language as it loads. A browser that was started
 * with LANG=C calls its language `en-US@posix`, which is no language tag (BCP 47), and uPlot would not load at all.
 */
export const localeScript = `try { new Intl.NumberFormat(navigator.language); } catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}
`;

/**
 * The copy button, and `window.hydrotest.update(parts, data)`, by which a page follows a run that goes on: the HTML of the
 * parts that changed is put in anew, without a loss of what the reader had opened, focused and scrolled to.
 */
export const pageScript = `(() => {
'use strict';
const byId = (id) => document.getElementById(id);

// What the reader opened or closed stays so; what nobody touched follows the report.
const chosen = new Map();
document.addEventListener('click', (event) => {
  const summary = event.target instanceof Element ? event.target.closest('summary') : null;
  const details = summary === null ? null : summary.parentElement;
  if (details !== null && details.dataset.key !== undefined) chosen.set(details.dataset.key, !details.open);
});
document.addEventListener('click', async (event) => {
  const button = event.target instanceof Element ? event.target.closest('#copy') : null;
  if (button === null) return;
  try {
    await navigator.clipboard.writeText(byId('command').textContent);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Not allowed';
  }
  setTimeout(() => { button.textContent = 'Copy'; }, 2000);
});
const offerCopy = () => {
  const button = byId('copy');
  if (button !== null && navigator.clipboard) button.hidden = false;
};

const focusable = 'summary, button, select, a[href], [tabindex]';
/** How to find an element again after its part was put in anew. */
function traceOf(part, element) {
  if (element === null || !part.contains(element)) return null;
  const details = element.closest('details[data-key]');
  return { key: details === null ? null : details.dataset.key, at: [...part.querySelectorAll(focusable)].indexOf(element) };
}
function find(part, { key, at }) {
  const details = key === null ? null : [...part.querySelectorAll('details')].find((one) => one.dataset.key === key);
  return details ? details.querySelector('summary') : part.querySelectorAll(focusable)[at] || null;
}

/** The first element with a key that is in view: it stays where it is on the screen. */
function anchor() {
  for (const element of document.querySelectorAll('[data-key], .part, #chart')) {
    const { top, bottom, height } = element.getBoundingClientRect();
    if (height > 0 && bottom > 0 && top >= 0) return { key: element.dataset.key, id: element.id, top };
  }
  return null;
}
function restoreAnchor(from) {
  if (from === null || window.scrollY === 0) return;
  const element = from.key === undefined ? byId(from.id) : [...document.querySelectorAll('[data-key]')].find((one) => one.dataset.key === from.key);
  if (element) window.scrollBy({ top: element.getBoundingClientRect().top - from.top, behavior: 'instant' });
}

const shown = new Map();
function replacePart(id, text) {
  const part = byId(id);
  if (part === null || (shown.get(id) ?? part.innerHTML) === text) return;
  const focused = traceOf(part, document.activeElement);
  const scrolled = [...part.querySelectorAll('.scroll')].map(({ scrollLeft, scrollTop }) => ({ scrollLeft, scrollTop }));
  part.innerHTML = text;
  shown.set(id, text);
  for (const details of part.querySelectorAll('details[data-key]'))
    if (chosen.has(details.dataset.key)) details.open = chosen.get(details.dataset.key);
  [...part.querySelectorAll('.scroll')].forEach((element, index) => Object.assign(element, scrolled[index]));
  const again = focused === null ? null : find(part, focused);
  if (again !== null) again.focus({ preventScroll: true });
}

window.hydrotest = {
  charts: null,
  update(parts, data) {
    const from = anchor();
    for (const [id, text] of Object.entries(parts)) replacePart(id, text);
    if (data !== undefined) {
      if (document.title !== data.title) byId('news').textContent = document.title = data.title;
      const icon = document.querySelector('link[rel="icon"]');
      if (icon.getAttribute('href') !== data.icon) icon.setAttribute('href', data.icon);
      if (window.hydrotest.charts !== null) window.hydrotest.charts.update(data);
    }
    offerCopy();
    restoreAnchor(from);
  },
};
offerCopy();
})();
`;
