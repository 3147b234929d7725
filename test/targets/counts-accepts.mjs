// Streams events on any address, and prints how many connections came in the worst second so far.
import { createServer } from 'node:http';

const times = [];
let worst = 0;
createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('id: 1\ndata: {}\n\n');
})
  .on('connection', () => {
    const now = performance.now();
    times.push(now);
    while (times[0] < now - 1000) times.shift();
    if (times.length > worst) {
      worst = times.length;
      console.log(`worst second: ${worst}`);
    }
  })
  .listen(Number(process.env.PORT), '0.0.0.0');
