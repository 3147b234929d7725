/**
 * A generator that waits for an event of its own that does not come: whoever wants to end it waits for it as well (a generator's
 * `return` is queued behind the `await` in it), so neither the waiting nor the subscription ends.
 */
import { EventEmitter, once } from 'node:events';
import { serve } from './server.mjs';

const news = new EventEmitter().setMaxListeners(0);

serve(async function* ticks() {
  yield Date.now();
  for (;;) {
    await once(news, 'headline');
    yield Date.now();
  }
});
