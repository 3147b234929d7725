import type { LivePage } from '../../reports/html.ts';

/** The browser's side. Text from outside only ever becomes `textContent`. */
const script = `(() => {
'use strict';
const bar = document.createElement('p');
bar.id = 'live';
bar.setAttribute('role', 'status');
bar.dataset.state = 'connecting';
const dot = document.createElement('span');
dot.className = 'dot';
const words = document.createElement('span');
words.textContent = 'Connecting to hydrotest \\u2026';
const clock = document.createElement('span');
clock.className = 'clock';
clock.setAttribute('aria-hidden', 'true');
bar.append(dot, words, clock);
document.body.append(bar);

let status = null;
let receivedAt = 0;

function say(state, text) {
  bar.dataset.state = state;
  if (words.textContent !== text) words.textContent = text;
}

function place() {
  if (status.scenario === null) return 'between two scenarios';
  return status.scenario + (status.phase === null ? '' : ': ' + status.phase);
}

function tick() {
  if (status === null || status.state !== 'running') { clock.textContent = ''; return; }
  const seconds = Math.floor((status.elapsedMs + Date.now() - receivedAt) / 1000);
  clock.textContent = Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0');
}

let source = null;
const ticker = setInterval(tick, 1000);

function take(event) {
  const update = JSON.parse(event.data);
  status = update.status;
  receivedAt = Date.now();
  const shown = show(update);
  if (status.state === 'running') {
    if (shown) say('running', 'Live \\u00b7 ' + place());
    else say('broken', 'The page could not show what is new: load it again. The run goes on.');
  } else {
    source.close();
    clearInterval(ticker);
    if (!shown) say('broken', 'The run is over, and this page could not show its end: load it again, or see its report.');
    else say(status.state, status.state === 'lost'
      ? 'hydrotest has ended in the middle of the run. This is what it had measured.'
      : 'The run is over' + (status.reportFile === null ? '.' : ' \u00b7 saved as ' + status.reportFile));
  }
  tick();
}
/** A part that cannot be drawn must not take the words about the run with it. */
function show(update) {
  try {
    window.hydrotest.update(update.parts, update.data);
    return true;
  } catch (error) {
    console.error(error);
    return false;
  }
}
function fail() {
  // It tries again by itself, unless it was refused.
  if (source.readyState === EventSource.CLOSED && (status === null || status.state === 'running')) setTimeout(follow, 2000);
  if (status === null || status.state === 'running')
    say('away', 'No connection to hydrotest: what is shown is what it had measured. Trying again \\u2026');
}
function follow() {
  source = new EventSource('/updates' + location.search);
  source.onmessage = take;
  source.onerror = fail;
}
follow();
addEventListener('pagehide', () => source.close());
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
})();
`;

const style = `
#live { position: fixed; z-index: 10; left: 50%; bottom: 1rem; transform: translateX(-50%); margin: 0; max-width: calc(100vw - 2rem);
  display: flex; align-items: center; gap: 0.6rem; padding: 0.5rem 1rem; border-radius: 2rem; font-size: 0.875rem;
  background: #16202c; color: #fff; border: 1px solid #3b4a5c; box-shadow: 0 4px 16px #0006; overflow-wrap: anywhere; }
#live .dot { flex: none; width: 0.6rem; height: 0.6rem; border-radius: 50%; background: #8a97a6; }
#live[data-state="running"] .dot { background: #4aa3ff; animation: live-pulse 2s ease-in-out infinite; }
#live[data-state="ended"] .dot { background: #35c26b; }
#live[data-state="lost"] .dot, #live[data-state="away"] .dot, #live[data-state="broken"] .dot { background: #ff8a4c; }
#live .clock { font-variant-numeric: tabular-nums; color: #b9c6d4; }
#live .clock:empty { display: none; }
body { padding-bottom: 4rem; }
@keyframes live-pulse { 50% { opacity: 0.35; } }
@media (prefers-reduced-motion: reduce) { #live .dot { animation: none !important; } }
@media print { #live { display: none; } }
`;

/** What the page of a run has more than its report: it follows the run, and says how that goes. */
export const livePage: LivePage = { script, style };
