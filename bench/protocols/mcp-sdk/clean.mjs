/** A session of which nothing has been open for half a second is closed. */
import { serve } from './server.mjs';

const IDLE_MS = 500;

serve((sessions) => {
  setInterval(() => {
    const cutoff = Date.now() - IDLE_MS;
    for (const { transport, open, lastActive } of sessions.values())
      if (open === 0 && lastActive < cutoff) transport.close();
  }, 100);
});
