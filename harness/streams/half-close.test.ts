import { expect, test } from 'vitest';
import { behaviours } from './behaviours.ts';
import { certificate } from './testing/certificate.ts';
import { serverOfFile } from './testing/server-of-file.ts';
import { startTestServer } from './testing/test-server.ts';
import { until } from './testing/until.ts';

const file = serverOfFile(behaviours, { allowHalfOpen: true });

test('the server sees its FIN at once and can go on sending', async () => {
  const stream = file.open('half-close', '/ticks');
  await until('the FIN is there', () => file.server.connections[0]?.end === 'fin');
  const connection = file.server.only('/ticks');
  const eventCount = stream.eventCount;
  expect(await stream.receives(eventCount + 10)).toBe(true);
  expect(connection).toMatchObject({ end: 'fin', afterFin: null });
  stream.end();
  expect(await stream.ended).toMatchObject({ behaviour: 'half-close', ending: 'client', status: 200 });
  await until('what the server sends then is answered with a RST', () => connection.afterFin === 'rst');
});

test('twin: a graceful close takes nothing more behind its FIN', async () => {
  const stream = file.open('graceful-close', '/ticks');
  expect(await stream.receives(3)).toBe(true);
  expect(file.server.only('/ticks').end).toBeNull();
  stream.end();
  await stream.ended;
  await until('a RST came back', () => file.server.only('/ticks').afterFin === 'rst');
  expect(file.server.only('/ticks').end).toBe('fin');
});

test('it reads on to the end of the response', async () => {
  const stream = file.open('half-close', '/end');
  expect(await stream.ended).toMatchObject({ ending: 'server-end', eventCount: 3 });
  expect(file.server.only('/end').request).toMatch(/^GET \/end HTTP\/1\.1\r\n[\s\S]*\r\n\r\n$/);
  // The server has not closed its own side, and a client that is gone is only noticed by writing.
  await file.server.hangUp();
});

test('a server that closes when its client half-closes: the stream is cut off', async () => {
  const strict = await startTestServer();
  const stream = file.open('half-close', '/silent', { url: strict.url('/silent') });
  expect(await stream.ended).toMatchObject({ ending: 'server-reset', status: null });
  await strict.close();
});

test('over TLS', async () => {
  const secure = await startTestServer({ tls: certificate, allowHalfOpen: true });
  const { setDefaultCACertificates, getCACertificates } = await import('node:tls');
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, certificate.cert]);
  const stream = file.open('half-close', '/ticks', { url: secure.url('/ticks') });
  await until('the FIN is there', () => secure.connections[0]?.end === 'fin');
  expect(await stream.receives(stream.eventCount + 10)).toBe(true);
  stream.end();
  expect(await stream.ended).toMatchObject({ ending: 'client' });
  setDefaultCACertificates(trusted);
  await secure.close();
});
