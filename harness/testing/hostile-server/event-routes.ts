import { forEver, goesOn, type HostileRoute, hello, noAnswer, plainHead, says } from './route.ts';

const MiB = 2 ** 20;

/** A stream that is none any more behind a limit: both clients end it and say why. */
function overLimit(does: string, act: HostileRoute['act'], error: RegExp): HostileRoute {
  const line = new RegExp(`^protocol-error 200.*: ${error.source}`);
  return { does, at: 'request', act, raw: line, tab: line, flood: noAnswer };
}

/** A stream that is odd and lawful. */
function lawful(does: string, act: HostileRoute['act'], line = goesOn): HostileRoute {
  return { does, at: 'request', act, raw: line, tab: line, flood: noAnswer };
}

let nextId = 0;
const longId = 'x'.repeat(2_000);

export const eventRoutes: Record<string, HostileRoute> = {
  'line-endless': overLimit(
    'a data line without an end',
    forEver(`${plainHead}${hello}data: `, 'x'.repeat(60_000)),
    /line of more than 4194304 bytes without an end/,
  ),
  'comment-endless': overLimit(
    'a comment without an end',
    forEver(`${plainHead}${hello}: `, 'x'.repeat(60_000)),
    /line of more than 4194304 bytes without an end/,
  ),
  'field-endless': overLimit(
    'an unknown field without an end',
    forEver(`${plainHead}${hello}nonsense: `, 'x'.repeat(60_000)),
    /line of more than 4194304 bytes without an end/,
  ),
  'event-endless': overLimit(
    'an event of data lines without an end',
    forEver(`${plainHead}${hello}`, `data: ${'x'.repeat(50_000)}\n`),
    /event of more than 5242880 bytes, with 32 more for each line of data, without a blank line/,
  ),
  'event-of-empty-lines': overLimit(
    'an event of empty data lines without an end',
    forEver(`${plainHead}${hello}`, 'data\n'.repeat(10_000)),
    /event of more than 5242880 bytes, with 32 more for each line of data, without a blank line/,
  ),
  'id-huge': overLimit(
    'an id of a mebibyte',
    says(`${plainHead}id: ${'7'.repeat(MiB)}\ndata: a\n\n`),
    /id of 1048576 characters/,
  ),
  'name-huge': overLimit(
    'an event name of a mebibyte',
    says(`${plainHead}event: ${'x'.repeat(MiB)}\ndata: a\n\n`),
    /event name of 1048576 characters/,
  ),
  'retry-huge': {
    ...overLimit(
      'a retry of 3,000 years',
      says(`${plainHead}retry: 99999999999999\n${hello}`, 'close'),
      /retry of 99999999999999 ms/,
    ),
    flood: /^4 × 200/,
  },
  'retry-of-digits': {
    ...overLimit(
      'a retry of 1,000 digits',
      says(`${plainHead}retry: ${'9'.repeat(1_000)}\n${hello}`, 'close'),
      /retry of .* ms/,
    ),
    flood: /^4 × 200/,
  },
  'retry-no-number': lawful(
    'a negative retry, and others that are no numbers',
    says(`${plainHead}retry: -1\n\nretry: 1e3\n\nretry: soon\n\n${hello}`),
    /^client 200, 1 events/,
  ),
  'utf-8-invalid': lawful(
    'bytes that are no UTF-8',
    says(
      Buffer.concat([
        Buffer.from(`${plainHead}data: `),
        Buffer.from('c3e28241f09f8cff80eda080', 'hex'),
        Buffer.from('\n\n'),
      ]),
    ),
    /^client 200, 1 events/,
  ),
  'bom-in-the-middle': lawful(
    'BOMs, halves of surrogates and NULs in fields',
    says(
      Buffer.concat([
        Buffer.from(`${plainHead}\ufeffdata: a\n\n\ufeffdata: no field\n\n`),
        Buffer.from('data: \0\0\n\nid: a\0b\ndata: c\n\ndata: '),
        Buffer.from('eda0bdedb880', 'hex'),
        Buffer.from('\n\n'),
      ]),
    ),
    /^client 200, 4 events/,
  ),
  'comment-flood': overLimit(
    'comments without a blank line, as fast as they go',
    forEver(plainHead, ':\n'.repeat(10_000)),
    /event of more than 5242880 bytes, with 32 more for each line of data, without a blank line/,
  ),
  'keep-alive-flood': lawful('comments as fast as they go', forEver(plainHead, ':\n\n'.repeat(10_000))),
  'event-flood': lawful('events as fast as they go', forEver(plainHead, `data: ${'x'.repeat(16_000)}\n\n`)),
  'tiny-event-flood': lawful(
    'the smallest events as fast as they go',
    forEver(plainHead, 'data\n\n'.repeat(5_000)),
  ),
  'large-event-flood': lawful(
    'events of 3 MiB as fast as they go',
    forEver(plainHead, `data: ${'x'.repeat(3 * MiB)}\n\n`),
  ),
  'id-flood': lawful(
    'ids of 2,000 characters, each another one',
    forEver(plainHead, () =>
      Array.from({ length: 100 }, () => `id: ${longId}${nextId++}\ndata: a\n\n`).join(''),
    ),
  ),
  'number-games': lawful(
    "numbers of the harness's own events that no one can count",
    says(
      `${plainHead}data: {"seq":1,"at":1,"x":1}\n\ndata: {"seq":${'9'.repeat(400)},"at":${'9'.repeat(400)},"x":1}\n\nid: ${'9'.repeat(400)}\ndata: a\n\n`,
    ),
    /^client 200, 3 events/,
  ),
};
