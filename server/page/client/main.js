/** The parts of the page, put together. */
import { createConnectionView } from './connection-view.js';
import { createEventList } from './event-list.js';
import { followWorkflow } from './shared-stream.js';
import { createWorkflowNav } from './workflow-nav.js';

const byId = (id) => document.getElementById(id);
const numberFormat = new Intl.NumberFormat();
const rateFormat = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** What is followed now; null: nothing was chosen. */
let stream = null;
let streamState = null;
let limit = null;
let isPaused = false;
let eventCount = 0;
let lastEventAt = null;
/** A stream begins with events of the past, which are no rate. */
const replayMs = 1000;
let followedAt = 0;
/** Events that came live since the last tick, and when that was. */
let sinceTick = 0;
let tickedAt = performance.now();
let rate = 0;

const eventList = createEventList(
  {
    list: byId('events'),
    note: byId('events-note'),
    types: byId('types'),
    search: byId('search'),
  },
  tick,
);
const connectionView = createConnectionView({
  badge: byId('connection'),
  label: byId('connection-label'),
  spoken: byId('connection-spoken'),
  notice: byId('notice'),
  noticeText: byId('notice-text'),
  action: byId('retry'),
});
const nav = createWorkflowNav(
  {
    list: byId('workflows'),
    note: byId('workflows-note'),
    count: byId('workflow-count'),
    filter: byId('workflow-filter'),
    empty: byId('empty'),
  },
  (answer) => {
    limit = answer.limit;
    showConnection();
    byId('choose').hidden = stream !== null || answer.workflows.length === 0;
  },
);

function showConnection() {
  connectionView.show(streamState, { isPaused, limit });
}

/** Follows what the address says. */
function go() {
  const workflowId = new URLSearchParams(location.search).get('workflow');
  stream?.leave();
  stream = null;
  streamState = null;
  eventCount = 0;
  lastEventAt = null;
  rate = 0;
  sinceTick = 0;
  followedAt = performance.now();
  eventList.reset();
  setPaused(false);
  nav.mark(workflowId);
  byId('workflow').hidden = workflowId === null;
  byId('choose').hidden = workflowId !== null || byId('workflows').childElementCount === 0;
  document.title = workflowId === null ? 'Workflows' : `${workflowId} · Workflows`;
  if (workflowId === null) return;
  byId('title').textContent = workflowId;
  stream = followWorkflow(workflowId, {
    events(events, isReplay) {
      eventCount += events.length;
      lastEventAt = events.at(-1).at;
      if (!isReplay && performance.now() - followedAt > replayMs) sinceTick += events.length;
      eventList.add(events);
    },
    reset: () => eventList.clear(),
    state(state, role) {
      if (state.name !== streamState?.name) nav.load(); // the list has the open streams, too
      streamState = state;
      byId('connection').dataset.role = role;
      showConnection();
    },
  });
  stream.enter();
}

function setPaused(value) {
  isPaused = value;
  eventList.setPaused(isPaused);
  byId('pause').setAttribute('aria-pressed', String(isPaused));
  showConnection();
  tick();
}

/** What changes with time alone. Nothing is done where nobody sees it. */
function tick() {
  if (document.hidden) return;
  const now = performance.now();
  const seconds = (now - tickedAt) / 1000;
  if (seconds > 0.5) {
    rate = sinceTick / seconds;
    sinceTick = 0;
    tickedAt = now;
  }
  connectionView.tick();
  byId('rate').textContent = `${rateFormat.format(rate)}/s`;
  byId('count').textContent = numberFormat.format(eventCount);
  byId('age').textContent = lastEventAt === null ? '–' : formatAge(Date.now() - lastEventAt);
  const { pausedCount } = eventList;
  byId('pause').textContent = !isPaused
    ? 'Pause'
    : pausedCount === 0
      ? 'Resume'
      : `Resume (${numberFormat.format(pausedCount)} new)`;
}

function formatAge(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 1) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
}

byId('workflows').addEventListener('click', (event) => {
  const link = event.target.closest('a');
  if (link === null || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (link.href !== location.href) history.pushState(null, '', link.href);
  go();
});
addEventListener('popstate', go);
byId('pause').addEventListener('click', () => setPaused(!isPaused));
byId('clear').addEventListener('click', () => eventList.clear());
byId('retry').addEventListener('click', () => stream?.retry());
byId('copy').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(byId('command').textContent);
    byId('copy').textContent = 'Copied';
  } catch {
    byId('copy').textContent = 'Not allowed';
  }
});
addEventListener('keydown', (event) => {
  const isTyping = event.target.closest('input, button, a, summary') !== null;
  if (stream === null || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === ' ' ? isTyping : event.key !== 'p' || event.target.closest('input') !== null) return;
  event.preventDefault();
  setPaused(!isPaused);
});
document.addEventListener('visibilitychange', tick);

// A page that is kept for the back button, or frozen, holds no stream and no lock: others could not have them.
addEventListener('pagehide', () => stream?.leave());
addEventListener('pageshow', ({ persisted }) => persisted && stream?.enter());
document.addEventListener('freeze', () => stream?.leave());
document.addEventListener('resume', () => stream?.enter());

byId('copy').hidden = navigator.clipboard === undefined;
setInterval(tick, 1000);
go();
nav.load();
