import type { Transport } from '../transport.ts';
import type { Fault } from './types.ts';

/** Hears of everything but that its client does not answer. */
function trusting(transport: Transport): Transport {
  const { open } = transport;
  transport.open = (listener) =>
    open.call(transport, {
      onDrain: () => listener.onDrain(),
      onNoProgress: () => listener.onNoProgress(),
      onLoss(reason) {
        if (reason !== 'vanished') listener.onLoss(reason);
      },
    });
  return transport;
}

export const vanishedKept: Fault = {
  name: 'vanished-kept',
  breaks: 'Pings are sent and nobody looks at their answers: a peer that has vanished stays.',
  caughtBy: { scenario: 'orphans', check: 'cleanup' },
  only: 'websocket',
  apply: (parts) => ({
    ...parts,
    openStream: (options) => parts.openStream({ ...options, transport: trusting(options.transport) }),
  }),
};
