/** The interval of each stream goes on, and what it pushes is thrown away. */
import { Readable } from 'node:stream';
import { line, serve } from './server.mjs';

await serve(() => {
  const stream = new Readable({ read() {} });
  setInterval(() => stream.push(line('tick')), 500);
  stream.push(line('hello'));
  return stream;
});
