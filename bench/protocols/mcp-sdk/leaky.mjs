/** A session ends with its DELETE, and with nothing else. */
import { serve } from './server.mjs';

serve({ left() {}, tidy() {} });
