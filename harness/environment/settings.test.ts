import { expect, test } from 'vitest';
import { allocatorIn, allocatorSettings, heapLimitOf, nodeEnvOf, runtimeFlags } from './settings.ts';

const environ = (...entries: string[]) => `${entries.join('\0')}\0`;
const cmdline = environ;

test('of an environment the settings of the allocator are kept, and nothing else', () => {
  const text = environ(
    'API_TOKEN=MALLOC_ARENA_MAX=9',
    'MALLOC_ARENA_MAX=2',
    'XMALLOC_TOP_PAD_=1',
    'MALLOC_CONF=background_thread:true,dirty_decay_ms:0',
    'GLIBC_TUNABLES=glibc.malloc.trim_threshold=1:glibc.cpu.hwcaps=-AVX:glibc.malloc.secret=key',
    'GOGC=off',
    'MALLOC_PERTURB_=',
  );
  expect(allocatorSettings(text)).toEqual([
    'MALLOC_ARENA_MAX=2',
    'MALLOC_CONF=background_thread:true,dirty_decay_ms:0',
    'GOGC=off',
    'glibc.malloc.trim_threshold=1',
  ]);
  expect(allocatorSettings(environ('PATH=/bin'))).toEqual([]);
});

test('a value that is no plain setting is not shown', () => {
  expect(allocatorSettings(environ('MALLOC_CONF=prof_prefix:/home/me/x y', 'GOGC=pass word'))).toEqual([
    'MALLOC_CONF=(set)',
    'GOGC=(set)',
  ]);
  expect(nodeEnvOf(environ('NODE_ENV=pro duction'))).toBe('(set)');
  expect(nodeEnvOf(environ('NODE_ENV=development'))).toBe('development');
  expect(nodeEnvOf(environ('NODE_ENV='))).toBe('not set');
});

test.each<[what: string, argv: string[], nodeOptions: string, flags: string[]]>([
  ['none', ['node', 'server.js'], '', []],
  [
    'in front of the script',
    ['node', '--max-old-space-size=64', '--expose-gc', 's.js'],
    '',
    ['--max-old-space-size=64', '--expose-gc'],
  ],
  [
    'as V8 spells them',
    ['node', '--max_old_space_size=64', '--expose_gc', 's.js'],
    '',
    ['--max-old-space-size=64', '--expose-gc'],
  ],
  [
    'a size in a word of its own',
    ['node', '--max-old-space-size', '64', 's.js'],
    '',
    ['--max-old-space-size=64'],
  ],
  [
    'behind the script they are the program’s',
    ['node', 's.js', '--expose-gc', '--max-old-space-size=64'],
    '',
    [],
  ],
  ['behind an option with a value', ['node', '-r', './x.js', '--trace-gc', 's.js'], '', ['--trace-gc']],
  [
    'in NODE_OPTIONS',
    ['node', 's.js'],
    '--require /secret/x.js --max-semi-space-size=16 --title=key',
    ['--max-semi-space-size=16'],
  ],
  ['what hydrotest sets itself', ['node', 's.js'], '--inspect-port=9333 --inspect-publish-uid=http', []],
  ['an inspector', ['node', '--inspect=127.0.0.1:9229', 's.js'], '', ['--inspect=127.0.0.1:9229']],
  ['a shell has none of its own', ['sh', '-c', 'node --expose-gc s.js'], '', []],
  ['warnings are no tracing of memory', ['node', '--trace-warnings', '--trace-deprecation', 's.js'], '', []],
  [
    'Java',
    ['java', '-Xmx512m', '-XX:MaxRAMPercentage=50', '-Dsecret=1', '-jar', 'a.jar'],
    '',
    ['-Xmx512m', '-XX:MaxRAMPercentage=50'],
  ],
  [
    'a snapshot',
    ['node', '--heapsnapshot-near-heap-limit=2', 's.js'],
    '',
    ['--heapsnapshot-near-heap-limit=2'],
  ],
])('options of the runtime: %s', (_, argv, nodeOptions, flags) => {
  const variables = environ('HOME=/root', ...(nodeOptions === '' ? [] : [`NODE_OPTIONS=${nodeOptions}`]));
  expect(runtimeFlags(cmdline(...argv), variables)).toEqual(flags);
});

test('the heap that V8 may use, in bytes', () => {
  expect(heapLimitOf(['--expose-gc', '--max-old-space-size=64'])).toBe(64 * 1024 * 1024);
  expect(heapLimitOf(['--max-old-space-size=64', '--max-heap-size=32'])).toBe(32 * 1024 * 1024);
  expect(heapLimitOf(['--max-old-space-size=0'])).toBe(null);
  expect(heapLimitOf([])).toBe(null);
});

test('what serves malloc, by the libraries that are mapped', () => {
  const maps = (...files: string[]) =>
    files.map((file) => `7f00-7f01 r-xp 00000000 08:01 42      ${file}`).join('\n');
  expect(allocatorIn(maps('/usr/bin/node', '/lib/x86_64-linux-gnu/libc.so.6'))).toBe('glibc');
  expect(allocatorIn(maps('/lib/x86_64-linux-gnu/libc-2.31.so'))).toBe('glibc');
  expect(allocatorIn(maps('/lib/ld-musl-x86_64.so.1'))).toBe('musl');
  for (const name of ['jemalloc.so.2', 'tcmalloc_minimal.so.4', 'mimalloc.so.2.1'])
    expect(allocatorIn(maps('/lib/x86_64-linux-gnu/libc.so.6', `/usr/lib/lib${name}`))).toBe(
      name.split(/[._]/)[0],
    );
  expect(allocatorIn(maps('/usr/bin/static', '[heap]'))).toBe(null);
  // A folder of that name is no library.
  expect(allocatorIn(maps('/opt/libjemalloc/server', '/lib/libc.so.6'))).toBe('glibc');
});
