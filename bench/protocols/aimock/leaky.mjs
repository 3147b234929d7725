/** aimock's own option for a journal that is never cut. */
import { serve } from './server.mjs';

await serve(0);
