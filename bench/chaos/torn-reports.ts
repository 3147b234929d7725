import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How a whole report of each kind ends. */
const ENDS = { 'report.json': /\}\s*$/, 'junit.xml': /<\/testsuites>\s*$/, 'report.html': /<\/html>\s*$/ };

/** Reports in the folder of a run that begin and do not end: whoever reads them is told half of it. */
export function tornReports(runFolder: string): string[] {
  return Object.entries(ENDS).flatMap(([name, end]) => {
    const path = join(runFolder, name);
    return existsSync(path) && !end.test(readFileSync(path, 'utf8')) ? [name] : [];
  });
}
