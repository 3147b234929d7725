import { serve } from './server.mjs';

await serve(100);
