/**
 * What a process was started with, as far as it changes what is measured. Of its environment and command line nothing is kept but the
 * variables and options that are named here: all else may be a secret.
 */

/** Variables that tune an allocator or a collector. */
const ALLOCATOR_VARIABLES = [
  'MALLOC_ARENA_MAX',
  'MALLOC_ARENA_TEST',
  'MALLOC_TRIM_THRESHOLD_',
  'MALLOC_MMAP_THRESHOLD_',
  'MALLOC_MMAP_MAX_',
  'MALLOC_TOP_PAD_',
  'MALLOC_PERTURB_',
  'MALLOC_CONF',
  'TCMALLOC_RELEASE_RATE',
  'MIMALLOC_PURGE_DELAY',
  'PYTHONMALLOC',
  'GOGC',
  'GOMEMLIMIT',
];

/** Options of V8, Node and Java that change memory, speed, or when garbage is collected. `_` is `-` to V8. */
const RUNTIME_FLAG =
  /^--(?:(?:max-(?:old-space|semi-space|heap|new-space)|min-semi-space|initial-(?:old-space|heap)|semi-space-growth)-\S*|expose-gc|gc-\S+|trace-(?!warnings|deprecation)\S+|inspect(?:-brk|-wait)?|heapsnapshot-\S+|heap-prof|cpu-prof|prof|optimize-for-size|lite-mode|jitless|single-threaded(?:-gc)?|no-opt|stress-\S+|track-heap-objects|watch|v8-pool-size|zero-fill-buffers)(?==|$)/;
const JAVA_FLAG = /^-(?:Xm[sx]\d+[kKmMgG]?$|XX:(?:Max|Initial|Min)RAMPercentage=|XX:\+Use\w+GC$)/;

/** A value that can be shown whole: numbers, words, and what stands between them in such settings. */
const PLAIN_VALUE = /^[\w.,:=%+-]{1,100}$/;

/** An allocator by the name of its library, with whatever stands before and behind it. */
const ALLOCATORS = ['jemalloc', 'tcmalloc', 'mimalloc', 'rpmalloc', 'snmalloc', 'hoard'];

/** Variable → value, of an environment as `/proc/<pid>/environ` has it. */
function variablesIn(environ: string): Map<string, string> {
  return new Map(
    environ.split('\0').flatMap((entry): [string, string][] => {
      const at = entry.indexOf('=');
      return at <= 0 ? [] : [[entry.slice(0, at), entry.slice(at + 1)]];
    }),
  );
}

/** `MALLOC_ARENA_MAX=2`: those that are set, in a fixed order. A value that is no plain setting is not shown. */
export function allocatorSettings(environ: string): string[] {
  const variables = variablesIn(environ);
  const set = ALLOCATOR_VARIABLES.flatMap((name) => {
    const value = variables.get(name);
    return value === undefined || value === '' ? [] : [`${name}=${plain(value)}`];
  });
  const tunables = (variables.get('GLIBC_TUNABLES') ?? '')
    .split(':')
    .filter((one) => /^glibc\.malloc\.\w+=\d+$/.test(one));
  return [...set, ...tunables];
}

function plain(value: string): string {
  return PLAIN_VALUE.test(value) ? value : '(set)';
}

/** NODE_ENV; `not set` without one. */
export function nodeEnvOf(environ: string): string {
  const value = variablesIn(environ).get('NODE_ENV') ?? '';
  return value === '' ? 'not set' : plain(value);
}

/** Options of the runtime, from its command line (`\0` between arguments) and NODE_OPTIONS, each as `--name=value`. */
export function runtimeFlags(cmdline: string, environ: string): string[] {
  const nodeOptions = variablesIn(environ).get('NODE_OPTIONS') ?? '';
  const words = [...ownOptions(cmdline.split('\0')), ...nodeOptions.split(/\s+/)];
  const flags = words.flatMap((word, index) => {
    const name = word.startsWith('--') ? word.replace(/^[^=]+/, (text) => text.replaceAll('_', '-')) : word;
    if (JAVA_FLAG.test(name)) return [plain(name.slice(1)) === '(set)' ? [] : name].flat();
    if (!RUNTIME_FLAG.test(name)) return [];
    const [option = '', value] = name.split('=', 2);
    const next = words[index + 1] ?? '';
    // V8's sizes may stand in a word of their own.
    if (value === undefined)
      return /-size$/.test(option) && /^\d+$/.test(next) ? [`${option}=${next}`] : [option];
    return [`${option}=${plain(value)}`];
  });
  return [...new Set(flags)];
}

/** What stands before the script belongs to the runtime, what stands behind it to the program. */
function ownOptions(argv: readonly string[]): string[] {
  const script = argv.findIndex(
    (word, index) =>
      index > 0 && !word.startsWith('-') && !/^\d+$/.test(word) && !takesValue(argv[index - 1] ?? ''),
  );
  return argv.slice(1, script < 0 ? argv.length : script);
}

/** Options of Node and Java whose value is the next word. */
function takesValue(option: string): boolean {
  return /^(?:-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--env-file|-cp|-classpath|--title)$/.test(
    option,
  );
}

/** Bytes of heap that V8 may use by its options; null: none says so. */
export function heapLimitOf(flags: readonly string[]): number | null {
  const sizes = flags.flatMap((flag) => {
    const match = /^--max-(?:old-space|heap)-size=(\d+)$/.exec(flag);
    // V8 counts in MiB, and takes 0 for its own default.
    return match === null || Number(match[1]) === 0 ? [] : [Number(match[1]) * 1024 * 1024];
  });
  return sizes.length === 0 ? null : Math.min(...sizes);
}

/** What serves malloc, by what is mapped: a library that was loaded in its place, else the libc; null: neither is to be seen (a static program). */
export function allocatorIn(maps: string): string | null {
  const files = maps.match(/\/[^\s/]+$/gm) ?? [];
  const loaded = ALLOCATORS.find((name) => files.some((file) => file.startsWith(`/lib${name}`)));
  if (loaded !== undefined) return loaded;
  if (files.some((file) => /^\/(?:ld-musl|libc\.musl)/.test(file))) return 'musl';
  return files.some((file) => /^\/(?:libc\.so|libc-2)/.test(file)) ? 'glibc' : null;
}
