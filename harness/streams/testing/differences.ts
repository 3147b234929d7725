import { inspect, isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../errors.ts';
import type { SeenRequest } from './answering-server.ts';
import type { RequestExpectation } from './conformance-case.ts';

/** Gathers what is not as it should be, in words. */
export class Differences {
  readonly found: string[] = [];

  compare(what: string, seen: unknown, expected: unknown): void {
    if (isDeepStrictEqual(seen, expected)) return;
    this.found.push(`${what}: ${show(seen)} instead of ${show(expected)}`);
  }

  /** Waits for what a client has to do; that it does not do it is a difference. */
  async arrives(arrival: Promise<void>): Promise<void> {
    try {
      await arrival;
    } catch (error) {
      this.found.push(messageOf(error));
    }
  }

  requests(seen: readonly SeenRequest[], expected: readonly RequestExpectation[]): void {
    for (const [index, { path, headers = {} }] of expected.entries()) {
      const request = seen[index];
      if (path !== undefined) this.compare(`path of request ${index + 1}`, request?.path, path);
      for (const [name, value] of Object.entries(headers)) {
        const sent = request === undefined ? 'no such request' : (request.headers.get(name) ?? null);
        this.compare(`${name} of request ${index + 1}`, sent, value);
      }
    }
  }
}

function show(value: unknown): string {
  return inspect(value, { depth: 4, breakLength: Infinity, maxStringLength: 80 });
}
