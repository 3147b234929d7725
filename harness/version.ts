import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The version in package.json, or `unknown`. */
export function version(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  // Two folders up from dist/harness, one from harness.
  for (const up of ['..', '../..']) {
    try {
      const found: unknown = JSON.parse(readFileSync(join(here, up, 'package.json'), 'utf8'));
      if (found !== null && typeof found === 'object' && 'version' in found) return String(found.version);
    } catch {}
  }
  return 'unknown';
}
