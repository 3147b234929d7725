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

  const search = new AbortController();
  let connection = null;
  let leavePlace = () => {};

  function begin() {
    if (connection !== null || search.signal.aborted) return;
    clearTimeout(timer);
    search.abort(); // the other places are for others
    connection = connect(url, lastId, on);
    return new Promise((resolve) => {
      leavePlace = resolve;
    });
  }

  on.state({ name: 'connecting', isSlow: false });
  const timer = setTimeout(() => on.state({ name: 'waiting', maxPlaces }), quietMs);
  for (let place = 0; place < maxPlaces; place += 1) {
    // Rejects when the search is over.
    navigator.locks.request(`connection ${place}`, { signal: search.signal }, begin).catch(() => {});
  }
  return {
    retry: () => connection?.retry(),
    close() {
      clearTimeout(timer);
      search.abort();
      connection?.close();
      leavePlace();
    },
  };
}
