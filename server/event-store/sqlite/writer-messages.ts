import type { AppendResult, ArchiveResult } from '../types.ts';
import type { SqliteStoreErrorCode } from './sqlite-store-error.ts';

export interface WriterThreadOptions {
  path: string;
  /** How long a commit waits while another process writes. */
  lockMs: number;
}

/** A piece of an append: its lines one after the other. */
export interface AppendPiece {
  kind: 'append';
  request: number;
  workflowId: string;
  bytes: Uint8Array;
  /** Bytes of each line. */
  lengths: number[];
  /** As many as lines. */
  keys: (string | undefined)[];
  isLast: boolean;
}

export type WriterRequest =
  | AppendPiece
  | { kind: 'archive'; request: number; beforeMs: number }
  /** Archiving ends behind the transaction that it is at. */
  | { kind: 'stop archiving' }
  | { kind: 'close' };

export type WriterResult = AppendResult | ArchiveResult;

export type WriterReply =
  | { request: number; result: WriterResult }
  | { request: number; error: { code: SqliteStoreErrorCode; message: string } };
