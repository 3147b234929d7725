/**
 * The events of a workflow, for all tabs of one browser over one stream: a browser opens no more than 6 HTTP/1.1
 * connections to a host, and the server allows so many streams a workflow.
 *
 * The tab that holds the lock of the workflow leads: it has the connection and passes on what comes. When it closes or
 * crashes, the browser gives the lock to the next tab, which goes on behind the last event that it has. A leader that
 * does not answer any more (it hangs) loses its lock to whoever asked in vain.
 *
 * Messages of a leader: `history` (all that a tab needs to join in), `event`, `state`, `alive`. Of the others: `hello`
 * (asks for the history), `ping`, `retry`.
 */
import { connect } from './connection.js';
import { connectWhenFree } from './connection-places.js';

const maxRecent = 200;
const checkMs = 1500;
/** Asked so often in vain, a leader hangs. Counted and not timed, so that a tab that slept does not blame the others. */
const maxUnanswered = 3;

/**
 * @param {string} workflowId
 * @param on `events(events, isReplay)` with `{ id, data, at }` each, oldest first; `reset()`: forget what came;
 *   `state(state, role)` with the states of `connect` and `leader`, `follower` or `alone`
 */
export function followWorkflow(workflowId, on) {
  const url = `/api/events/${encodeURIComponent(workflowId)}/stream`;
  const name = `events of ${workflowId}`;
  const canShare = navigator.locks !== undefined && globalThis.BroadcastChannel !== undefined;
  /** The newest events, for tabs that come later and for this one when it leads. */
  let recent = [];
  /** Ids are offsets in one file, so they rise; another file is another generation. */
  let lastId = '';
  let generation = 0;
  /** Of the present leader. One that was relieved and does not know it yet has a smaller one. */
  let term = 0;
  let state = { name: 'connecting', isSlow: false };
  let role = 'follower';
  let isSynced = false;
  let mustSteal = false;
  let unanswered = 0;
  let checkTimer = 0;
  let channel = null;
  /** From `enter` to `leave`; each stay has its own. */
  let stay = null;
  let connection = null;
  let waiting = new AbortController();
  let releaseLock = () => {};

  function take(events, isReplay) {
    const fresh = events.filter(({ id }) => lastId === '' || Number(id) > Number(lastId));
    if (fresh.length === 0) return;
    lastId = fresh.at(-1).id;
    recent.push(...fresh);
    if (recent.length > maxRecent) recent.splice(0, recent.length - maxRecent);
    on.events(fresh, isReplay);
  }

  function setState(next) {
    state = next;
    on.state(state, role);
  }

  function startAnew(newGeneration) {
    recent = [];
    lastId = '';
    generation = newGeneration;
    on.reset();
  }

  const tell = (kind, content) => channel?.postMessage({ kind, term, ...content });
  const tellHistory = () => tell('history', { events: recent, generation, state });

  function openConnection(open, newRole) {
    role = newRole;
    connection = open(url, lastId, {
      event(id, data) {
        const event = { id, data, at: Date.now() };
        take([event], false);
        tell('event', { event });
      },
      reset() {
        startAnew(generation + 1);
        tellHistory();
      },
      state(next) {
        setState(next);
        tell('state', { state });
      },
    });
  }

  function closeConnection() {
    connection?.close();
    connection = null;
    role = 'follower';
  }

  /** Called with the lock, which it holds until the promise is resolved. */
  function lead(signal) {
    if (signal.aborted) return;
    mustSteal = false;
    term = Math.max(Date.now(), term + 1);
    generation ||= term;
    openConnection(connectWhenFree, 'leader');
    tellHistory();
    return new Promise((resolve) => {
      releaseLock = resolve;
    });
  }

  async function campaign(signal) {
    while (!signal.aborted) {
      waiting = new AbortController();
      const options = mustSteal ? { steal: true } : { signal: waiting.signal };
      mustSteal = false;
      try {
        await navigator.locks.request(name, options, () => lead(signal));
      } catch (error) {
        if (signal.aborted) return;
        // AbortError: the lock was stolen, or the waiting for it was ended. Anything else: there are no locks here.
        if (error.name !== 'AbortError') return openConnection(connect, 'alone');
        if (connection !== null) {
          closeConnection();
          setState(state);
          join();
        }
      }
    }
  }

  function join() {
    isSynced = false;
    unanswered = 0;
    tell('hello');
  }

  function check() {
    if (connection !== null) return;
    unanswered += 1;
    if (unanswered > maxUnanswered) {
      unanswered = 0;
      mustSteal = true;
      waiting.abort();
    } else if (unanswered > 1) {
      tell(isSynced ? 'ping' : 'hello');
    }
  }

  function listen({ data: message }) {
    if (connection !== null) answer(message);
    else obey(message);
  }

  function answer({ kind }) {
    if (kind === 'hello') tellHistory();
    if (kind === 'ping') tell('alive');
    if (kind === 'retry') connection.retry();
  }

  function obey(message) {
    if (!['history', 'event', 'state', 'alive'].includes(message.kind) || message.term < term) return;
    unanswered = 0;
    if (message.kind === 'history') {
      if (generation !== 0 && generation !== message.generation) startAnew(message.generation);
      generation = message.generation;
      term = message.term;
      isSynced = true;
      take(message.events, true);
      setState(message.state);
    } else if (message.term > term) {
      term = message.term; // a leader whose history this tab has not got
      join();
    } else if (isSynced) {
      if (message.kind === 'event') take([message.event], false);
      if (message.kind === 'state') setState(message.state);
    }
  }

  return {
    /** Begins, or goes on after `leave` behind the last event. Idempotent. */
    enter() {
      if (stay !== null) return;
      stay = new AbortController();
      if (!canShare) return openConnection(connect, 'alone');
      channel = new BroadcastChannel(name);
      channel.onmessage = listen;
      checkTimer = setInterval(check, checkMs);
      join();
      campaign(stay.signal);
    },
    /** Gives everything back: stream, lock, channel, timer. Idempotent. */
    leave() {
      stay?.abort();
      stay = null;
      clearInterval(checkTimer);
      closeConnection();
      channel?.close();
      channel = null;
      waiting.abort();
      releaseLock();
    },
    /** Tries again now, in whichever tab the connection is. */
    retry() {
      if (connection !== null) connection.retry();
      else tell('retry');
    },
  };
}
