/**
 * The Model Context Protocol over streamable HTTP, with a session for each client: the official SDK and its Express app, put together
 * as in the SDK's examples.
 */
import { randomUUID } from 'node:crypto';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

const MAX_SESSIONS = Number(process.argv[2] ?? 5000);

/**
 * What becomes of sessions whose clients are gone without a DELETE: `left(session)` is told when the stream of a GET has closed, and
 * `tidy(sessions)` once, at the start.
 */
export function serve({ left, tidy }) {
  const sessions = new Map();
  const app = createMcpExpressApp();

  app.all('/mcp', async (request, response) => {
    const id = request.headers['mcp-session-id'];
    const session = sessions.get(id);
    if (session !== undefined) {
      session.open += 1;
      response.once('close', () => {
        session.open -= 1;
        session.lastActive = Date.now();
        if (request.method === 'GET') left(session);
      });
      await session.transport.handleRequest(request, response, request.body);
    } else if (id !== undefined) {
      response.status(404).json(error(-32001, 'Session not found'));
    } else if (sessions.size >= MAX_SESSIONS) {
      response.status(503).json(error(-32000, 'Too many open sessions'));
    } else {
      await begin(sessions, request, response);
    }
  });

  tidy(sessions);
  app.listen(Number(process.env.PORT), '127.0.0.1');
}

async function begin(sessions, request, response) {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => sessions.set(id, { transport, open: 0, lastActive: Date.now() }),
  });
  transport.onclose = () => sessions.delete(transport.sessionId);
  const server = new McpServer({ name: 'clock', version: '1.0.0' });
  server.registerTool('time', { description: 'What time it is' }, () => ({
    content: [{ type: 'text', text: new Date().toISOString() }],
  }));
  await server.connect(transport);
  await transport.handleRequest(request, response, request.body);
  if (transport.sessionId === undefined) await transport.close();
}

function error(code, message) {
  return { jsonrpc: '2.0', error: { code, message }, id: null };
}
