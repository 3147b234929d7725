/** A session ends with the stream of its GET, or once nothing of it has been open for two seconds. */
import { serve } from './server.mjs';

const IDLE_MS = 2000;

serve({
  left: ({ transport }) => transport.close(),
  tidy(sessions) {
    setInterval(() => {
      const cutoff = Date.now() - IDLE_MS;
      for (const { transport, open, lastActive } of sessions.values())
        if (open === 0 && lastActive < cutoff) transport.close();
    }, 200);
  },
});
