import { createServer } from 'node:http';
import { writeReadableStreamToWritable } from '@react-router/node';

const encoder = new TextEncoder();

/** An endless event stream: one event of 500 bytes every 2 ms. */
function feed() {
  let timer;
  let n = 0;
  return new ReadableStream({
    start(controller) {
      timer = setInterval(
        () => controller.enqueue(encoder.encode(`data: ${`${n++} `.padEnd(500, 'x')}\n\n`)),
        2,
      );
    },
    cancel() {
      clearInterval(timer);
    },
  });
}

createServer((_req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/event-stream' });
  writeReadableStreamToWritable(feed(), res).catch(() => {});
}).listen(Number(process.env.PORT), '127.0.0.1');
