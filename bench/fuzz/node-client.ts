import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { readResponse } from './read-response.ts';

/** Node's own HTTP client over a real socket, for responses that are valid. */
export class NodeClient {
  readonly #server: Server;
  #pieces: Buffer[] = [];

  private constructor() {
    this.#server = createServer((socket) => {
      socket.on('error', () => {});
      socket.setNoDelay(true);
      socket.once('data', () => {
        for (const piece of this.#pieces) socket.write(piece);
        socket.end();
      });
    });
  }

  static async start(): Promise<NodeClient> {
    const client = new NodeClient();
    client.#server.listen(0, '127.0.0.1');
    await once(client.#server, 'listening');
    return client;
  }

  async close(): Promise<void> {
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Where it reads a valid response otherwise than ours, in words; null: nowhere. */
  async faultOf(pieces: Buffer[]): Promise<string | null> {
    this.#pieces = pieces;
    const ours = readResponse(pieces);
    if (ours.failure !== null || ours.cut !== null)
      return `node: a valid response, but ${ours.failure ?? ours.cut}`;
    const { port } = this.#server.address() as AddressInfo;
    const request = get({ host: '127.0.0.1', port, agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const body = Buffer.concat(await response.toArray());
    if (response.statusCode !== ours.status)
      return `node: status ${ours.status} and not ${response.statusCode}`;
    const headers = joined(response.rawHeaders);
    if (!isDeepStrictEqual(new Map(ours.headers), headers))
      return `node: headers ${JSON.stringify(ours.headers)} and not ${JSON.stringify([...headers])}`;
    return ours.body.equals(body) ? null : 'node: another body';
  }
}

function joined(raw: string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    const value = raw[index + 1] ?? '';
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return headers;
}
