/** Each stream borrows a 4 KB buffer from a pool, which never shrinks: it grows to the most streams that were ever open. */
import { greet, serve } from '../serve.ts';

const pool: { isFree: boolean; bytes: Buffer }[] = [];

serve((_request, response) => {
  greet(response);
  const buffer = pool.find(({ isFree }) => isFree) ?? grow();
  buffer.isFree = false;
  response.once('close', () => {
    buffer.isFree = true;
  });
});

function grow(): (typeof pool)[number] {
  const buffer = { isFree: true, bytes: Buffer.allocUnsafeSlow(4096) };
  pool.push(buffer);
  return buffer;
}
