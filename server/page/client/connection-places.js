/**
 * How many streams all tabs of one browser have at a time. Over HTTP/1.1 a browser opens 6 connections to a host, and
 * streams never give theirs back: with 6 of them the next tab would stay blank, as not even its page could be loaded.
 */
import { connect } from './connection.js';

/** Two connections stay free for pages, lists and questions. */
const maxPlaces = 4;
/** A place that is free is there sooner; nobody needs to hear of a wait that short. */
const quietMs = 500;

/** As `connect`, when there is a place; until then the state is `connecting`, then `waiting`. */
export function connectWhenFree(url, lastId, on) {
  const [navigation] = performance.getEntriesByType('navigation');
  // HTTP/2 and 3 have one connection for all streams. An empty name: the browser does not tell.
  if (/^h[23]/.test(navigation?.nextHopProtocol ?? '')) return connect(url, lastId, on);

  let connection = null;
  /** While there is one, a place is looked for. */
  let search = null;
  let timer = 0;
  let leavePlace = null;

  const listener = {
    ...on,
    state(state) {
      // What only a click goes on from has no stream: a place that it kept would be denied to tabs that could have one.
      if (state.name === 'ended' || (state.name === 'refused' && state.retryAt === undefined)) leave();
      on.state(state);
    },
  };

  function seek() {
    search = new AbortController();
    const { signal } = search;
    on.state({ name: 'connecting', isSlow: false });
    timer = setTimeout(() => on.state({ name: 'waiting', maxPlaces }), quietMs);
    for (let place = 0; place < maxPlaces; place += 1) {
      // Rejects when the search is over.
      navigator.locks.request(`connection ${place}`, { signal }, () => begin(signal)).catch(() => {});
    }
  }

  function begin(signal) {
    if (signal.aborted) return;
    endSearch(); // the other places are for others
    const stay = new Promise((resolve) => {
      leavePlace = resolve;
    });
    if (connection === null) connection = connect(url, lastId, listener);
    else connection.retry();
    return stay;
  }

  function endSearch() {
    clearTimeout(timer);
    search?.abort();
    search = null;
  }

  function leave() {
    leavePlace?.();
    leavePlace = null;
  }

  seek();
  return {
    retry() {
      if (leavePlace !== null) connection.retry();
      else if (search === null) seek();
    },
    close() {
      endSearch();
      connection?.close();
      leave();
    },
  };
}
