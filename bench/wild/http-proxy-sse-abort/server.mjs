import http from 'node:http';
import * as ns from 'proxy';

const createProxyServer = ns.createProxyServer ?? ns.default.createProxyServer;

// Upstream: an SSE source.
const upstream = http.createServer((_req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/event-stream' });
  res.write('data: hello\n\n');
  const t = setInterval(() => res.write(`data: ${Date.now()}\n\n`), 1000);
  res.on('close', () => clearInterval(t));
});
await new Promise((r) => upstream.listen(0, '127.0.0.1', r));

const proxy = createProxyServer({ target: `http://127.0.0.1:${upstream.address().port}` });
proxy.on('error', () => {});
http.createServer((req, res) => proxy.web(req, res)).listen(Number(process.env.PORT), '127.0.0.1');
