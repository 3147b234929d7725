/** 1 KB of each stream is recorded on pages of 64 KB, which are all kept: outside of V8's heap, which stays flat. */
import { greet, serve } from '../serve.ts';

const PAGE_BYTES = 64 * 1024;
const RECORD_BYTES = 1024;
const pages: Buffer[] = [];
let page = Buffer.alloc(PAGE_BYTES);
let usedBytes = 0;

serve((_request, response) => {
  greet(response);
  page.fill(1, usedBytes, usedBytes + RECORD_BYTES);
  usedBytes += RECORD_BYTES;
  if (usedBytes < PAGE_BYTES) return;
  pages.push(page);
  page = Buffer.alloc(PAGE_BYTES);
  usedBytes = 0;
});
