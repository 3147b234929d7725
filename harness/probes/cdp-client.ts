import { HydrotestError } from '../errors.ts';

/** A session of the Chrome DevTools Protocol with one process. */
export interface CdpClient {
  readonly isClosed: boolean;
  /**
   * @throws HydrotestError `target-lost` when the process refuses, closes the connection or does not answer in time;
   * `aborted` when the signal is.
   */
  call(method: string, params: object, limits: CallLimits): Promise<unknown>;
  /** Closes the connection. Pending calls reject. Idempotent. */
  close(): Promise<void>;
}

export interface CallLimits {
  withinMs: number;
  signal: AbortSignal;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: HydrotestError): void;
}

const CLOSE_MS = 1000;

/**
 * Enables no domain: `Runtime.enable` and `HeapProfiler.enable` keep objects alive in the target, and the methods used here
 * do without.
 */
export async function openCdp(url: string, limits: CallLimits): Promise<CdpClient> {
  const socket = new WebSocket(url);
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let over = false;

  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  socket.addEventListener('open', () => opened.resolve());
  socket.addEventListener('close', () => {
    over = true;
    const error = failure(`the inspector at ${url} closed the connection`);
    opened.reject(error);
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
    closed.resolve();
  });
  // An error is always followed by a close, which says all that is needed.
  socket.addEventListener('error', () => {});
  socket.addEventListener('message', ({ data }) => {
    // A Node process that ends waits for its debugger to leave, as long as there is one: then we must not be one.
    if (String(data).includes('"NodeRuntime.waitingForDisconnect"')) {
      socket.close();
      return;
    }
    const reply = parseReply(data);
    if (reply === 'no-json') {
      for (const { reject } of pending.values())
        reject(failure(`the inspector at ${url} answered with something that is no JSON`));
      pending.clear();
      return;
    }
    if (reply === null) return;
    const waiting = pending.get(reply.id);
    pending.delete(reply.id);
    if (reply.error === null) waiting?.resolve(reply.result);
    else waiting?.reject(failure(`the inspector at ${url} refused: ${reply.error}`));
  });

  async function close(): Promise<void> {
    socket.close();
    if (!over) await within(closed.promise, { withinMs: CLOSE_MS, signal: NEVER }, 'closing').catch(() => {});
  }
  try {
    await within(opened.promise, limits, `connecting to ${url}`);
  } catch (cause) {
    await close();
    throw cause;
  }

  const client: CdpClient = {
    get isClosed() {
      return over;
    },
    async call(method, params, callLimits) {
      if (over) throw failure(`the inspector at ${url} has closed the connection: ${method} cannot be asked`);
      const id = ++lastId;
      const answer = new Promise<unknown>((resolve, reject) => pending.set(id, { resolve, reject }));
      socket.send(JSON.stringify({ id, method, params }));
      try {
        return await within(answer, callLimits, method);
      } finally {
        pending.delete(id);
      }
    },
    close,
  };
  // What does not know this method does not wait for us either.
  await client.call('NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true }, limits).catch(() => {});
  return client;
}

const NEVER = new AbortController().signal;

/** The value, unless its time is up or the signal is aborted first. Leaves no timer and no listener behind. */
async function within<Value>(value: Promise<Value>, limits: CallLimits, what: string): Promise<Value> {
  const { signal, withinMs } = limits;
  const cut = Promise.withResolvers<never>();
  const abort = () =>
    cut.reject(new HydrotestError('aborted', `${what} was aborted`, { cause: signal.reason }));
  const timer = setTimeout(
    () => cut.reject(failure(`${what} had no answer for ${Math.round(withinMs)} ms`)),
    withinMs,
  );
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  // The loser of the race below may still reject, and nobody listens to it by then.
  value.catch(() => {});
  try {
    return await Promise.race([cut.promise, value]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** A message of the protocol has some hundred characters; what another program says is told by its beginning. */
const MAX_ERROR_LENGTH = 300;

/** Null: an event. Never throws: nobody would catch it, and the harness would go down with an inspector that is none. */
function parseReply(data: unknown): { id: number; result: unknown; error: string | null } | 'no-json' | null {
  let message: unknown;
  try {
    message = JSON.parse(String(data));
  } catch {
    return 'no-json';
  }
  if (typeof message !== 'object' || message === null) return null;
  // Messages without an id are events.
  if (!('id' in message) || typeof message.id !== 'number') return null;
  const error = 'error' in message ? JSON.stringify(message.error).slice(0, MAX_ERROR_LENGTH) : null;
  return { id: message.id, result: 'result' in message ? message.result : null, error };
}

function failure(message: string): HydrotestError {
  return new HydrotestError('target-lost', message);
}
