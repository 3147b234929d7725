import { HydrotestError } from '../errors.ts';
import type { Behaviour, StreamRequest } from '../model.ts';
import { RawStream } from './raw-stream.ts';
import { sourceAddress, vanish, whyUnavailable } from './vanish.ts';

/**
 * A peer that is gone without a word: a phone that lost its network, a machine without power, a firewall that forgot
 * the connection. Its socket is closed here only once nothing can leave or reach its address, so `ended` says that
 * the client is gone; the server can find it out by writing or by keep-alive probes that are not answered. The address
 * comes back with `returnVanished`.
 *
 * Opening one where that cannot be is a `usage` error, with what `vanishingUnavailable` says. Should the route fail all
 * the same, it leaves with a RST and its record has the error.
 */
class VanishingStream extends RawStream {
  readonly #address: string;
  #isLeaving = false;

  constructor(request: StreamRequest, address: string) {
    super(request, { behaviour: 'half-open', leave: 'rst', localAddress: address });
    this.#address = address;
  }

  override end(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    vanish(this.#address).then(
      () => super.end(),
      (cause: Error) => this.abandon(`could not vanish, left with a RST: ${cause.message}`),
    );
  }
}

export const halfOpen: Behaviour = {
  name: 'half-open',
  describes: 'vanishes without FIN or RST, as a phone that lost its network (Linux, under `unshare --net`)',
  open(request) {
    const unavailable = whyUnavailable(request.url);
    if (unavailable !== null)
      throw new HydrotestError('usage', unavailable, { observed: { url: request.url } });
    return new VanishingStream(request, sourceAddress());
  },
};
