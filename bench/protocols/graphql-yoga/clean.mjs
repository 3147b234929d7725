import { serve } from './server.mjs';

serve((bus) => bus.subscribe('tick'));
