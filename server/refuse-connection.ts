import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** The errors of Node's HTTP server before there is a request, and their status. Everything else is no HTTP: 400. */
const STATUS_BY_CODE: Record<string, number> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
};

const LINE_FEED = 0x0a;

/** What Node adds to the error of its parser. */
export interface ClientError extends Error {
  code?: string;
  /** The bytes that could not be read: what came last, not all that came. */
  rawPacket?: Buffer;
}

export type RefuseConnection = (error: ClientError, socket: Socket) => number | null;

/**
 * Answers what is no request, too late or too long, and ends the connection. Returns the status; null: the client was gone, or an
 * answer had begun, behind which nothing else may be sent.
 */
export const refuseConnection: RefuseConnection = (error, socket) => {
  const status = canAnswer(socket, error) ? statusOf(error, socket) : null;
  if (status !== null) {
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    );
  }
  socket.destroy();
  return status;
};

function canAnswer(socket: Socket, { code }: ClientError): boolean {
  // Node's own server looks at the same: the response on its way, which is no public property.
  const { _httpMessage: response } = socket as { _httpMessage?: { headersSent: boolean } | null };
  return code !== 'ECONNRESET' && socket.writable && !response?.headersSent;
}

/** 414 (RFC 9110, 15.5.15) where all that came is one line: of a request that is longer than the parser holds, it tells no more. */
function statusOf({ code = '', rawPacket }: ClientError, { bytesRead }: Socket): number {
  const status = STATUS_BY_CODE[code] ?? 400;
  const isFirst = rawPacket !== undefined && bytesRead <= rawPacket.length;
  return status === 431 && isFirst && !rawPacket.includes(LINE_FEED) ? 414 : status;
}
