// Keeps so many KiB for each open stream: `node keeps-bytes.mjs 60`.
import { createServer } from 'node:http';

const kib = Number(process.argv[2]);
const kept = new Set();
createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  // Fractions, so that each takes 8 bytes.
  const own = { numbers: Array.from({ length: kib * 128 }, (_, i) => i + 0.5) };
  kept.add(own);
  const timer = setInterval(() => response.write('data: {}\n\n'), 300);
  response.on('close', () => {
    clearInterval(timer);
    kept.delete(own);
  });
}).listen(Number(process.env.PORT), '127.0.0.1');
