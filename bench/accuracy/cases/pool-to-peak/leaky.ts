/** Each stream borrows a 4 KB buffer. Only a stream that the server itself ends gives it back, so the pool grows for ever. */
import { greet, serve } from '../serve.ts';

const pool: { isFree: boolean; bytes: Buffer }[] = [];

serve((_request, response) => {
  greet(response);
  const buffer = pool.find(({ isFree }) => isFree) ?? grow();
  buffer.isFree = false;
  response.once('finish', () => {
    buffer.isFree = true;
  });
});

function grow(): (typeof pool)[number] {
  const buffer = { isFree: true, bytes: Buffer.allocUnsafeSlow(4096) };
  pool.push(buffer);
  return buffer;
}
