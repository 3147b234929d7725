import { Readable } from 'node:stream';
import { line, serve } from './server.mjs';

await serve(() => {
  let timer;
  const stream = new Readable({
    read() {},
    destroy(error, done) {
      clearInterval(timer);
      done(error);
    },
  });
  timer = setInterval(() => stream.push(line('tick')), 500);
  stream.push(line('hello'));
  return stream;
});
