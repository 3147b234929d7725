/** The list of workflows; looks again now and then while somebody can see it. */

const pollMs = 4000;
const timeoutMs = 10_000;
/** From so many on there is a box to find one. */
const manyWorkflows = 8;

/**
 * @param elements `list`, `note`, `count`, `filter`, `empty`
 * @param onLoaded called with the answer of /api/workflows
 * @returns `mark(workflowId)`, `load()`
 */
export function createWorkflowNav({ list, note, count, filter, empty }, onLoaded) {
  let current = null;
  let timer = 0;
  let lastAnswer = '';
  let isLoading = false;

  async function load() {
    clearTimeout(timer);
    if (document.hidden || isLoading) return;
    isLoading = true;
    try {
      const response = await fetch('/api/workflows', { signal: AbortSignal.timeout?.(timeoutMs) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const answer = await response.text();
      if (answer !== lastAnswer) draw(JSON.parse(answer));
      lastAnswer = answer;
    } catch {
      lastAnswer = '';
      note.textContent = 'The list is not up to date: the server does not answer.';
    }
    isLoading = false;
    timer = setTimeout(load, pollMs);
  }

  /** Links that stay are kept, so that the focus stays where it is. */
  function draw({ workflows, limit, truncated }) {
    const items = new Map(Array.from(list.children, (item) => [item.dataset.workflow, item]));
    let place = list.firstElementChild;
    for (const { workflowId, openStreams } of workflows) {
      const item = items.get(workflowId) ?? createItem(workflowId);
      items.delete(workflowId);
      if (item === place) place = place.nextElementSibling;
      else list.insertBefore(item, place);
      const streams = item.querySelector('.streams');
      streams.textContent = limit === null ? `${openStreams}` : `${openStreams}/${limit}`;
      streams.title = `${openStreams} open streams${limit === null ? '' : ` of ${limit}`}`;
      item.dataset.use = openStreams === 0 ? 'none' : openStreams === limit ? 'full' : 'some';
    }
    for (const item of items.values()) item.remove();
    count.textContent = workflows.length === 0 ? '' : `${workflows.length}${truncated ? '+' : ''}`;
    note.textContent = truncated ? `Only ${workflows.length} are listed: there are more.` : '';
    empty.hidden = workflows.length > 0;
    filter.hidden = workflows.length < manyWorkflows;
    applyFilter();
    markCurrent();
    onLoaded({ workflows, limit });
  }

  function createItem(workflowId) {
    const item = document.createElement('li');
    item.dataset.workflow = workflowId;
    const link = document.createElement('a');
    link.href = `/?workflow=${encodeURIComponent(workflowId)}`;
    const name = document.createElement('span');
    name.className = 'name';
    name.textContent = workflowId;
    const streams = document.createElement('span');
    streams.className = 'streams';
    link.append(name, streams);
    item.append(link);
    return item;
  }

  function applyFilter() {
    const text = filter.hidden ? '' : filter.value.trim().toLowerCase();
    for (const item of list.children) item.hidden = !item.dataset.workflow.toLowerCase().includes(text);
  }

  function markCurrent() {
    const marked = list.querySelector('[aria-current]')?.parentElement.dataset.workflow;
    for (const item of list.children) {
      const isCurrent = item.dataset.workflow === current;
      if (isCurrent) item.firstElementChild.setAttribute('aria-current', 'page');
      else item.firstElementChild.removeAttribute('aria-current');
      if (isCurrent && current !== marked) item.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
  }

  filter.addEventListener('input', applyFilter);
  document.addEventListener('visibilitychange', load);
  return {
    load,
    mark(workflowId) {
      current = workflowId;
      markCurrent();
    },
  };
}
