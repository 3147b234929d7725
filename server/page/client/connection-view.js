/** What state the connection is in, what that means, and what can be done. */

const closeReasons = {
  max_duration_exceeded: 'The stream reached the longest time that the server allows.',
  server_shutdown: 'The server was shut down.',
};

/**
 * @param elements `badge`, `label`, `spoken`, `notice`, `noticeText`, `action`
 * @returns `show(state, view)` with a state of `connect` (null: none) and `{ isPaused, limit }`, and `tick()`, which
 *   counts the seconds down
 */
export function createConnectionView({ badge, label, spoken, notice, noticeText, action }) {
  let state = null;
  let view = { isPaused: false, limit: null };

  function show(newState, newView) {
    state = newState;
    view = newView;
    notice.hidden = true;
    badge.hidden = state === null;
    if (state === null) return;
    const { label: text, explanation, actionText } = describeState(state, view);
    badge.dataset.state = nameOf(state, view);
    notice.dataset.state = state.name;
    notice.hidden = explanation === '';
    noticeText.textContent = explanation;
    action.hidden = actionText === '';
    action.textContent = actionText;
    // Told when the state changes, and not each second of a countdown.
    if (spoken.textContent !== text) spoken.textContent = text;
    tick();
  }

  function tick() {
    if (state === null) return;
    const seconds = Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000));
    label.textContent = `${describeState(state, view).label}${state.retryAt ? ` · again in ${seconds} s` : ''}`;
  }

  return { show, tick };
}

/** A pause is of the rows, not of the stream: where the stream has trouble, that is what counts. */
function nameOf({ name }, { isPaused }) {
  return name === 'live' && isPaused ? 'paused' : name;
}

function describeState(state, view) {
  const known = descriptions[nameOf(state, view)](state, view);
  return { explanation: '', actionText: '', ...known };
}

const descriptions = {
  connecting: ({ isSlow }) => ({
    label: 'Connecting',
    explanation: isSlow
      ? 'There is no answer yet. A browser opens 6 connections to a host at most: tabs of other workflows may hold ' +
        'them all. Close some of these, or look whether the server runs.'
      : '',
  }),
  waiting: ({ maxPlaces }) => ({
    label: 'Waiting',
    explanation: `This browser follows ${maxPlaces} other workflows already, and must keep connections free to load pages. Close a tab of another workflow: this one then begins by itself.`,
  }),
  live: () => ({ label: 'Live' }),
  paused: () => ({ label: 'Paused' }),
  reconnecting: ({ status }) => ({
    label: 'Reconnecting',
    explanation:
      status === 503
        ? 'The server is shutting down. The page goes on by itself once it is back.'
        : status === 0
          ? 'The server cannot be reached. The page goes on by itself, behind the last event, once it can.'
          : '',
    actionText: 'Try now',
  }),
  offline: () => ({
    label: 'Offline',
    explanation:
      'This computer is offline. The page goes on by itself, behind the last event, once it is not.',
    actionText: 'Try now',
  }),
  refused: ({ status }, { limit }) =>
    status === 429
      ? {
          label: 'Refused',
          explanation: `${limit === null ? 'All' : `All ${limit}`} streams that the server allows for this workflow are open. Close windows, other browsers or programs that follow it; tabs of this browser share one.`,
          actionText: 'Try now',
        }
      : {
          label: 'Refused',
          explanation: `The server does not have this workflow (status ${status}). Choose another, or look at the address.`,
          actionText: 'Try now',
        },
  ended: ({ reason }) => ({
    label: 'Closed by the server',
    explanation: `${closeReasons[reason] ?? 'The server closed the stream.'} Resume to go on behind the last event.`,
    actionText: 'Resume',
  }),
};
