/** Buffers of 64 bytes to 64 KB replace one another in 1,000 places: the allocator's holes grow, what is in use does not. */
import { greet, serve } from '../serve.ts';

const PLACES = 1000;
const BUFFERS_PER_VISIT = 20;
const places: Buffer[] = [];

serve((_request, response) => {
  greet(response);
  for (let n = 0; n < BUFFERS_PER_VISIT; n++) {
    const byteCount = Math.floor(64 * 1024 ** Math.random());
    places[Math.floor(Math.random() * PLACES)] = Buffer.allocUnsafeSlow(byteCount).fill(n);
  }
});
