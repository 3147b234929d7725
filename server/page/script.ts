/** The browser's side. Text from events only ever becomes `textContent`. */
export const script = `
'use strict';
const maxRows = 50;
const maxRowLength = 2000;
const byId = (id) => document.getElementById(id);
const workflowId = new URLSearchParams(location.search).get('workflow');
let source = null;
let waiting = [];
let frameAsked = false;

function say(text, canRetry) {
  byId('status').textContent = text;
  byId('again').hidden = !canRetry;
}

// Rows are drawn once a frame; what a frame could not show is not kept.
function draw() {
  frameAsked = false;
  const list = byId('events');
  for (const data of waiting) {
    const row = document.createElement('li');
    row.textContent = data.length > maxRowLength ? data.slice(0, maxRowLength) + ' …' : data;
    list.prepend(row);
  }
  waiting = [];
  while (list.childElementCount > maxRows) list.lastElementChild.remove();
}

function show(event) {
  waiting.push(event.data);
  if (waiting.length > maxRows) waiting.shift();
  if (frameAsked) return;
  frameAsked = true;
  requestAnimationFrame(draw);
}

const closeReasons = {
  max_duration_exceeded: 'The stream reached its longest duration.',
  server_shutdown: 'The server is shutting down.',
};

function connect() {
  byId('events').replaceChildren();
  say('Connecting …', false);
  source = new EventSource('/api/events/' + encodeURIComponent(workflowId) + '/stream');
  source.onopen = () => say('Live: the last ' + maxRows + ' events, newest first.', false);
  source.onmessage = show;
  source.addEventListener('reset', () => {
    waiting = [];
    byId('events').replaceChildren();
  });
  source.addEventListener('close', (event) => {
    source.close();
    let reason;
    try { reason = JSON.parse(event.data).reason; } catch {}
    say((closeReasons[reason] || 'The server closed the stream.') + ' Connect again to go on.', true);
  });
  source.onerror = () => {
    if (source.readyState === EventSource.CONNECTING) {
      say('The connection was lost; the browser is trying again. If this stays, look whether the server runs.', false);
    } else {
      say('The server refused the stream. Most often as many are open on this workflow as it allows: '
        + 'close another tab, then connect again.', true);
    }
  };
}

async function list() {
  const nav = byId('workflows');
  try {
    const response = await fetch('/api/workflows');
    if (!response.ok) throw new Error('status ' + response.status);
    const { workflows, truncated } = await response.json();
    nav.replaceChildren(...workflows.map((workflow) => {
      const link = document.createElement('a');
      link.href = '/?workflow=' + encodeURIComponent(workflow.workflowId);
      link.textContent = workflow.workflowId;
      if (workflow.workflowId === workflowId) link.setAttribute('aria-current', 'page');
      return link;
    }));
    if (workflows.length === 0) nav.textContent = 'No workflows yet: one appears with its folder. Reload to look again.';
    if (truncated) nav.append('… and more');
  } catch (error) {
    nav.textContent = 'The list could not be loaded (' + error.message + '). Reload, or look whether the server runs.';
  }
}

byId('again').addEventListener('click', connect);
addEventListener('pagehide', () => source && source.close());
list();
if (workflowId !== null) {
  byId('title').textContent = workflowId;
  document.title = workflowId;
  connect();
}
`;
