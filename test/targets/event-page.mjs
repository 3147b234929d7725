/**
 * A page in which each tab opens an event stream of its own, and the stream: the lines of a file as they are written.
 * Arguments: the file, and `tidy` or `keeps`, whose page keeps every event that it has shown.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [file = '', mode = 'tidy'] = process.argv.slice(2);
const POLL_MS = 50;

const page = `<!doctype html><title>events</title><link rel="icon" href="data:,"><ol id="events"></ol><script>
const kept = [];
const list = document.getElementById('events');
new EventSource('/events').onmessage = ({ data }) => {
  const row = document.createElement('li');
  row.textContent = data;
  list.prepend(row);
  while (list.childElementCount > 20) list.lastElementChild.remove();
  if (${mode === 'keeps'}) kept.push(JSON.parse(data), data + kept.length);
};
</script>`;

createServer((request, response) => {
  if (request.url !== '/events') {
    response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
  const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
  let sent = lines().length;
  const timer = setInterval(() => {
    const all = lines();
    for (const line of all.slice(sent)) response.write(`data: ${line}\n\n`);
    sent = all.length;
  }, POLL_MS);
  response.on('close', () => clearInterval(timer));
}).listen(Number(process.env.PORT), '127.0.0.1');
