/**
 * One EventSource after the other on a workflow. It reconnects by itself and not through the browser, which tells
 * neither why a connection failed nor when it tries again.
 */

/** What is kept of an event: what a person may want to read, and not a whole line of a megabyte. */
const maxDataLength = 64 * 1024;
const firstDelayMs = 2000;
const maxDelayMs = 30_000;
/** A server sends the head of a stream at once; when it does not come, the request waits in the browser. */
const slowMs = 4000;
const probeTimeoutMs = 10_000;
/** No timer runs for more than 24 days: it would fire at once. */
const maxRetryAfterMs = 3_600_000;

/**
 * States: `connecting` (`isSlow`), `live`, `reconnecting` and `offline` (`retryAt`), `refused` (`status`, and `retryAt`
 * where trying again may help), `ended` (`reason`). Times are those of `Date.now()`.
 *
 * @param {string} url of the stream
 * @param {string} lastId of the last event seen, empty: none
 * @param on `event(id, data)`, `reset()` and `state(state)`
 */
export function connect(url, lastId, on) {
  let source = null;
  let timer = 0;
  let slowTimer = 0;
  let failures = 0;
  let isWaiting = false;
  /** What a probe that was begun before the last `open` or `close` finds does not count. */
  let probe = new AbortController();

  function open() {
    stop();
    // A new EventSource cannot send Last-Event-ID, so the id goes into the query.
    source = new EventSource(lastId === '' ? url : `${url}?lastEventId=${encodeURIComponent(lastId)}`);
    on.state({ name: 'connecting', isSlow: false });
    slowTimer = setTimeout(() => on.state({ name: 'connecting', isSlow: true }), slowMs);
    source.onopen = () => {
      clearTimeout(slowTimer);
      failures = 0;
      on.state({ name: 'live' });
    };
    source.onmessage = ({ data, lastEventId }) => {
      lastId = lastEventId;
      on.event(lastId, data.length > maxDataLength ? `${data.slice(0, maxDataLength)}…` : data);
    };
    source.addEventListener('reset', ({ lastEventId }) => {
      lastId = lastEventId;
      on.reset();
    });
    source.addEventListener('close', ({ data }) => {
      stop();
      on.state({ name: 'ended', reason: reasonOf(data) });
    });
    source.onerror = () => ask(false);
  }

  /**
   * EventSource has no status, so a HEAD asks for it: it takes no slot, and the server answers as it would a GET.
   *
   * @param hasWaited a 200 means that the way is free now; right after an error it would lead into a fast loop
   */
  async function ask(hasWaited) {
    stop();
    failures += 1;
    const { signal } = probe;
    let status = 0;
    let retryAfterMs = 0;
    try {
      const response = await fetch(url, { method: 'HEAD', signal: withTimeout(signal, probeTimeoutMs) });
      status = response.status;
      retryAfterMs = Math.min(maxRetryAfterMs, 1000 * Number(response.headers.get('Retry-After') ?? 0) || 0);
    } catch {}
    if (signal.aborted) return;
    if (status === 429) {
      // Whoever asks again and again is asked to be patient: a slot may be taken for an hour.
      wait({ name: 'refused', status }, Math.max(retryAfterMs, delayMs()), () => ask(true));
    } else if (status >= 400 && status < 500) {
      on.state({ name: 'refused', status });
    } else if (status === 200 && hasWaited) {
      open();
    } else {
      // A 503 of a server or proxy may say as well when it is worth trying.
      const ms = Math.max(retryAfterMs, delayMs());
      wait({ name: status > 0 || navigator.onLine ? 'reconnecting' : 'offline', status }, ms, open);
    }
  }

  /** Doubles with each failure. Random, so that the pages of a server that restarted do not all come at once. */
  const delayMs = () => Math.min(maxDelayMs, firstDelayMs * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);

  function wait(state, ms, next) {
    isWaiting = true;
    timer = setTimeout(next, ms);
    on.state({ ...state, retryAt: Date.now() + ms });
  }

  function stop() {
    source?.close();
    source = null;
    isWaiting = false;
    clearTimeout(timer);
    clearTimeout(slowTimer);
    probe.abort();
    probe = new AbortController();
  }

  /** Also after the end of a stream or a refusal that nothing follows by itself. */
  function retry() {
    if (source !== null) return;
    failures = 0;
    open();
  }

  const onOnline = () => isWaiting && retry();
  addEventListener('online', onOnline);
  open();
  return {
    retry,
    /** Idempotent. After it, nothing is called any more. */
    close() {
      removeEventListener('online', onOnline);
      stop();
    },
  };
}

/** Safari has no `AbortSignal.any` before 17.4, and no `timeout` before 16: there, the browser's own time-out holds. */
function withTimeout(signal, ms) {
  if (AbortSignal.any === undefined || AbortSignal.timeout === undefined) return signal;
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}

function reasonOf(data) {
  try {
    return String(JSON.parse(data).reason);
  } catch {
    return '';
  }
}
