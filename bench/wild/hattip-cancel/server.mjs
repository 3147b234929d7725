import { createServer } from '@hattip/adapter-node';

const encoder = new TextEncoder();
createServer(() => {
  let timer;
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode('data: hello\n\n'));
      timer = setInterval(() => controller.enqueue(encoder.encode(`data: ${Date.now()}\n\n`)), 1000);
    },
    cancel() {
      clearInterval(timer);
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
}).listen(Number(process.env.PORT), '127.0.0.1');
