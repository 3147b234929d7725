import { serve } from './server.mjs';

serve(async (stream) => {
  while (!stream.aborted) {
    await stream.sleep(200);
    await stream.write('and then ');
  }
});
