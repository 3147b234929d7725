/**
 * What must not be told: reports, journals and logs are passed around, and tokens are in URLs, headers, commands and output. All that
 * is journalled or printed goes through here (journal.ts, errors.ts, cli.ts). Imports nothing, so that everything may import it.
 *
 * Hidden are values that are known to be secret (`keepSecret`), wherever they turn up, and what looks like a secret by its form or
 * by the name before it. A secret in a form that nobody knows, under a name that says nothing, is not seen: docs/safety.md.
 */

export const HIDDEN = '(hidden)';

/** From this length on a known value is hidden inside words too; below, only where it stands alone, or `abc` would go out of every word. */
const SAFE_LENGTH = 8;

/** Shorter ones are not looked for: `1` or `yes` would take the sense from every sentence. */
const MIN_LENGTH = 4;

const known = new Set<string>();
let knownPattern: RegExp | null = null;

/** From here on this process hides these values, as they are and as URLs, JSON and Basic authentication write them. */
export function keepSecret(values: Iterable<string>): void {
  const before = known.size;
  for (const value of values) {
    if (value.length < MIN_LENGTH || value === HIDDEN || isReference(value)) continue;
    for (const form of [value, encodeURIComponent(value.toWellFormed()), JSON.stringify(value).slice(1, -1)])
      known.add(form);
  }
  if (known.size > before) knownPattern = patternOf(known);
}

/** Longest first: of a token that contains another one nothing is to be left. */
function patternOf(values: Iterable<string>): RegExp {
  const escaped = [...values]
    .toSorted((a, b) => b.length - a.length)
    .map((value) => {
      const literal = value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      return value.length >= SAFE_LENGTH ? literal : `(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])`;
    });
  return new RegExp(escaped.join('|'), 'g');
}

/** Names of which the value is secret wherever they stand. `tokens=128` of a language model is a count. */
const NAME = String.raw`[\w.-]{0,40}(?:token|secret|passw(?:or)?d|passphrase|pwd|(?:api|access|private|auth|signing|secret|encryption)[-_.]?key|credentials?|jwt)`;
/** In a URL's query also what is a common word elsewhere. */
const QUERY_NAME = String.raw`[\w.-]{0,40}(?:token|secret|passw(?:or)?d|passphrase|pass|pwd|key|auth|authorization|credentials?|jwt|sig|signature|session|sessionid|sid|code|assertion|ticket)`;
/** No value: a placeholder of ours, a reference to a variable, what is hidden already. */
const NONE = String.raw`(?!\s*(?:bearer|basic|digest|token|negotiate|apikey)?\s*\(hidden\)|\{\w+\}|\$\{?[A-Z_][A-Z0-9_]*\b)`;
const WORD = String.raw`[^\s"'\`&;,)}\]<>\\]+`;

/** Each has the part that stays in its first group and the secret, to its end, in the second. */
const PATTERNS: readonly RegExp[] = [
  // https://user:password@host
  /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)(?!\(hidden\)@)([^\s/@"'<>?#]+)(?=@)/gi,
  new RegExp(String.raw`([?&;#]${QUERY_NAME}=)${NONE}([^&#;\s"'\`<>\\]+)`, 'gi'),
  // Cookie: a=b; c=d
  /(\b(?:set-)?cookie["']?\s*[:=]\s*["']?)(?!\s*\(hidden\))([^\r\n"'\\]+)/gi,
  // Authorization: Basic …, and X-Authorization
  new RegExp(
    String.raw`(authorization["']?\s*[:=]\s*["']?(?:(?:bearer|basic|digest|token|negotiate|apikey)\s+)?)${NONE}(${WORD})`,
    'gi',
  ),
  // Of curl and the like, in a command: a header's value is always secret.
  /((?:-H|--header)[\s=]*(["'])[^:"'\r\n]{1,100}:\s*)(?!\s*\(hidden\))([^"'\r\n]+)(?=\2)/g,
  /(\bbearer\s+)(?=[^\s"']*\d|[^\s"']{20})([\w.~+/=-]{8,})/gi,
  // --api-key abc, --password=abc
  new RegExp(String.raw`((?<=^|[\s"'])--?${NAME}(?:\s+|=)["']?)(?!-)${NONE}(${WORD})`, 'gi'),
  // FOO_TOKEN=abc, "password": "abc"
  new RegExp(String.raw`((?<![\w.-])${NAME}\\?["']?\s*[=:]\s*\\?["']?)${NONE}(${WORD})`, 'gi'),
  /()(-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$))/g,
  // A JSON Web Token, signed or not (RFC 7519: base64url of `{"`).
  /()(\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?)/g,
  // Tokens that say by their beginning whose they are: OpenAI, Anthropic, Stripe; GitHub, GitLab; Slack; AWS; Google; npm.
  /()(\b(?:sk|pk|rk)[-_][\w-]{16,})/g,
  /()(\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|npm_[A-Za-z0-9]{30,}))/g,
  /()(\bxox[abeoprs]-[\w-]{10,})/g,
  /()(\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)/g,
  /()(\bAIza[\w-]{30,})/g,
];

/** Without one of these none of the patterns has anything to find: most texts are done with it. */
const HINT =
  /token|secret|passw|passphrase|pwd|pass=|key|auth|credential|cookie|jwt|sig|session|sid=|code=|assertion|ticket|bearer|header|-H|@|eyJ|[spr]k[-_]|gh[pousr]_|github_pat|glpat|npm_|xox|AKIA|ASIA|AIza/i;

/** The text without known secrets and without what looks like one. A text that was redacted stays as it is. */
export function redact(text: string): string {
  return replaceSecrets(redactKnown(text), () => HIDDEN);
}

/** The text without known secrets: for what is already made of redacted parts, and may be a program's source. */
export function redactKnown(text: string): string {
  return knownPattern === null ? text : text.replace(knownPattern, HIDDEN);
}

/**
 * Properties of a journal's entries that hold words of ours, by which they are read back: a header `X-Mode: abrupt-drop` must
 * not take the name from a behaviour.
 */
const OWN_WORDS = new Set(
  'type scenario phase path paths checks scenarios proves behaviour label event moment unit model mode probe leakProbe idScheme ending state runId startedAt hydrotestVersion nodeVersion platform browserVersion'.split(
    ' ',
  ),
);

/** An entry of the journal with every text in it redacted, but for words of ours. */
export function redactEntry<T>(value: T): T {
  if (typeof value === 'string') return redact(value) as T;
  if (Array.isArray(value)) return value.map(redactEntry) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, OWN_WORDS.has(name) ? one : redactEntry(one)]),
  ) as T;
}

/** What looks like a secret in a text, such as a command or a URL. */
export function secretsIn(text: string): string[] {
  const found: string[] = [];
  replaceSecrets(text, (secret) => {
    found.push(secret);
    // A URL's are sent and logged as they are and decoded.
    if (secret.includes('%')) found.push(decoded(secret));
    return HIDDEN;
  });
  return found;
}

function replaceSecrets(text: string, by: (secret: string) => string): string {
  if (!HINT.test(text)) return text;
  let result = text;
  for (const pattern of PATTERNS) {
    result = result.replace(pattern, (_, kept: string, ...rest) => {
      const groups = rest.slice(
        0,
        rest.findIndex((one) => typeof one === 'number'),
      );
      return kept + by(String(groups.at(-1)));
    });
  }
  return result;
}

/** Headers whose values everybody sends: they are hidden where headers are told, and not looked for elsewhere. */
const COMMON_HEADERS =
  /^(accept(-.*)?|cache-control|connection|content-type|user-agent|origin|referer|host|last-event-id|pragma|te|via)$/i;

/** The values of headers: whole, and each of their parts that could be a token (`Bearer …`, `a=1; sid=…`, `user:password`). */
export function secretsOfHeaders(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (COMMON_HEADERS.test(name)) return secretsIn(value);
    const parts = value
      .split(/[\s,;]+/)
      .flatMap((part) => [part, part.slice(part.indexOf('=') + 1)])
      .filter((part) => part.length >= SAFE_LENGTH && part !== value);
    const basic = /^basic\s+(\S+)$/i.exec(value)?.[1];
    const pair = basic === undefined ? '' : Buffer.from(basic, 'base64').toString();
    return [value, ...parts, ...(pair.includes(':') ? [pair, pair.slice(pair.indexOf(':') + 1)] : [])];
  });
}

/** Of an environment: what is named as a secret, and passwords in URLs. A target prints them when it fails to start. */
export function secretsOfEnvironment(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(environment).flatMap(([name, value = '']) => {
    const isNamed = SECRET_VARIABLE.test(name) && !/^\/|^(true|false|none|null|undefined)$/i.test(value);
    return isNamed && value.length >= SAFE_LENGTH ? [value] : secretsIn(value);
  });
}

const SECRET_VARIABLE =
  /token|secret|passw|passphrase|_pwd$|(api|access|private|auth|signing|encryption)_?key|_key$|credential|cookie|jwt|_auth$|_dsn$|signature/i;

/** `$NAME` and `{name}` stand for a value and are none. */
function isReference(value: string): boolean {
  return /^\$\{?\w+\}?$|^\{\w+\}$/.test(value);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
