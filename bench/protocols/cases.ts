/** One server of other people's libraries, and how hydrotest is told of it. */
export interface ProtocolCase {
  /** Also the name of its folder, which holds `clean.mjs` and its twin `leaky.mjs`. */
  name: string;
  /** What it is made of, as in package.json. */
  packages: string[];
  /** What a user says of the protocol, `--url` included. */
  args: string[];
  /** What the twin does wrong. */
  defect: string;
  trials: Trial[];
}

export interface Trial {
  /** Words for a table. */
  what: string;
  side: 'clean' | 'leaky';
  /** Arguments of the server. */
  serverArgs?: string[];
  /** Of hydrotest, besides the protocol. */
  args: string[];
  /** All findings that must not pass, as `scenario/check (subject)`; none: everything passes. */
  fails: string[];
}

/** The checks of a limit, and all kinds of clients at once. `reject` is a run of half a minute: only in the bench. */
const shortScenarios = 'limit,tabs,orphans';

function limitTrials(limit: number): Trial[] {
  return [
    { what: 'limit', side: 'clean', args: ['--scenarios', shortScenarios, '--limit', `${limit}`], fails: [] },
    {
      what: 'a limit of one less is promised',
      side: 'clean',
      args: ['--scenarios', 'limit', '--limit', `${limit - 1}`],
      fails: [
        'limit/connection-limit (burst, then abrupt drop)',
        'limit/connection-limit (burst, then graceful close)',
      ],
    },
    { what: 'rejections', side: 'clean', args: ['--scenarios', 'reject', '--limit', `${limit}`], fails: [] },
  ];
}

function leakTrials(path = 'abrupt drop'): Trial[] {
  const args = ['--scenarios', 'churn', '--paths', path.replaceAll(' ', '-')];
  return [
    { what: path, side: 'clean', args, fails: [] },
    { what: path, side: 'leaky', args, fails: [`churn/memory-leak (${path})`] },
  ];
}

const heldTrial: Trial = { what: 'held', side: 'clean', args: ['--scenarios', 'tabs,orphans'], fails: [] };

/** Sessions that the MCP server keeps at most, where its limit is looked at. */
const SESSIONS = 8;

export const protocolCases: ProtocolCase[] = [
  {
    name: 'ws',
    packages: ['ws'],
    args: [
      ...['--url', 'ws://127.0.0.1:{port}/live/{key}', '--protocol', 'websocket'],
      ...['--refusal', 'close:4429'],
    ],
    defect: 'the listener of each socket stays on the emitter that all of them share',
    trials: [...limitTrials(5), ...leakTrials()],
  },
  {
    name: 'socket-io',
    packages: ['socket.io'],
    args: [
      ...['--url', 'ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket&room={key}'],
      ...['--preset', 'socket.io'],
    ],
    defect: 'sockets are put on the list of who is online, and stay there',
    trials: [...limitTrials(5), ...leakTrials()],
  },
  {
    name: 'mcp-sdk',
    packages: ['@modelcontextprotocol/sdk'],
    args: ['--url', 'http://127.0.0.1:{port}/mcp', '--preset', 'mcp'],
    defect: 'a session ends with its DELETE only, which a client that vanishes does not send',
    trials: [
      ...limitTrials(SESSIONS).map((trial) => ({ ...trial, serverArgs: [`${SESSIONS}`] })),
      ...leakTrials(),
      {
        what: 'graceful close, with its DELETE',
        side: 'leaky',
        args: ['--scenarios', 'churn', '--paths', 'graceful-close'],
        fails: [],
      },
    ],
  },
  {
    name: 'graphql-yoga',
    packages: ['graphql-yoga', 'graphql'],
    args: ['--url', 'http://127.0.0.1:{port}/graphql?user={key}', '--preset', 'graphql-sse'],
    defect: 'the generator of a subscription waits for what does not come, and cannot be ended',
    trials: [...limitTrials(5), ...leakTrials()],
  },
  {
    name: 'fastify-ndjson',
    packages: ['fastify'],
    args: ['--url', 'http://127.0.0.1:{port}/feed/{key}', '--protocol', 'ndjson'],
    defect: 'the interval behind a stream is not cleared',
    trials: [...limitTrials(5), ...leakTrials()],
  },
  {
    name: 'hono-text',
    packages: ['hono', '@hono/node-server'],
    args: ['--url', 'http://127.0.0.1:{port}/story', '--protocol', 'chunked'],
    defect: 'the interval behind a stream is not cleared',
    trials: [heldTrial, ...leakTrials()],
  },
  {
    name: 'aimock',
    packages: ['@copilotkit/aimock'],
    args: ['--url', 'http://127.0.0.1:{port}/v1/chat/completions', '--preset', 'llm-chat'],
    defect: 'its journal of requests has no bound (an option of its own)',
    trials: [heldTrial, ...leakTrials()],
  },
];
