import type { BehaviourName, ProtocolName } from '../model.ts';
import type { BodyReader, ReaderOptions } from './body-reader.ts';
import type { ResponseHead } from './http-response-parser.ts';
import type { ResponseKind } from './response-kind.ts';

/** What tells one protocol from another. All its streams share it: it keeps nothing of any of them. */
export interface Protocol {
  name: ProtocolName;
  /** One line for people. */
  describes: string;
  transport: 'http/1.1' | 'http/2';
  /** Headers that a client of it sends, which the user's override. */
  headers: Record<string, string>;
  /** What an answer means; `nonce` is what `nonce()` gave. */
  judge(head: ResponseHead, nonce: string): ResponseKind;
  createReader(options: ReaderOptions): BodyReader;
  /** Behaviours that make no sense with it. */
  lacks: ReadonlySet<BehaviourName>;
  /** A client resumes by the header `Last-Event-ID`. */
  resumesByHeader?: true;
  /** A 101 is the answer that is wanted. */
  switches?: true;
  /** Something new for each request, which stands in `headers` as `{nonce}`. */
  nonce?(): string;
  /** A message of the client's. */
  message?(text: string): Buffer;
  /** What a client sends that leaves in order, before it waits for the server to close; without it, it just closes. */
  farewell?(): Buffer;
}
