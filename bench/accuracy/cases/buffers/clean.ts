/** 1 KB of each stream is recorded on a page of 64 KB, which begins again when it is full. */
import { greet, serve } from '../serve.ts';

const PAGE_BYTES = 64 * 1024;
const RECORD_BYTES = 1024;
const page = Buffer.alloc(PAGE_BYTES);
let usedBytes = 0;

serve((_request, response) => {
  greet(response);
  page.fill(1, usedBytes, usedBytes + RECORD_BYTES);
  usedBytes += RECORD_BYTES;
  if (usedBytes < PAGE_BYTES) return;
  usedBytes = 0;
});
