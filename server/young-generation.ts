import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's space for new objects as small as it is. V8 doubles it whenever as much as it holds has lived on, which the
 * objects of every new stream do: 5,000 streams blew it up to 105 MB, 20 KiB a stream, and at rest it did not shrink again.
 * The events of a stream are short-lived enough for a small one.
 *
 * It does what `node --max-semi-space-size=4` does, however the server is started: that size is read once, at the start of the
 * process, the factor each time the space could grow.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
