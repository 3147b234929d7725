import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from './respond.ts';

export interface Rejection {
  workflowId: string;
  /** Streams a workflow. */
  limit: number;
  retryMs: number;
}

export type RejectStream = (request: IncomingMessage, response: ServerResponse, rejection: Rejection) => void;

/** 429 (RFC 6585, section 4): says which limit was met and when to come back. */
export const rejectStream: RejectStream = (_request, response, { workflowId, limit, retryMs }) => {
  const body = { error: 'too many open streams', limit, scope: 'workflow', workflowId };
  // Retry-After is in whole seconds (RFC 9110, section 10.2.3).
  sendJson(response, 429, body, { 'Retry-After': Math.max(1, Math.ceil(retryMs / 1000)) });
};
