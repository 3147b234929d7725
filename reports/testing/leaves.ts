export type LeafPath = (string | number)[];

/** Paths to the strings in a value; of a list's items each kind of path once, the first. */
export function stringLeaves(value: unknown): LeafPath[] {
  const seen = new Set<string>();
  const found: LeafPath[] = [];
  const walk = (part: unknown, path: LeafPath): void => {
    if (typeof part === 'string') {
      const kind = path.map((step) => (typeof step === 'number' ? '*' : step)).join('.');
      if (!seen.has(kind)) found.push(path);
      seen.add(kind);
    } else if (Array.isArray(part)) {
      for (const [index, item] of part.entries()) walk(item, [...path, index]);
    } else if (typeof part === 'object' && part !== null) {
      for (const [name, item] of Object.entries(part)) walk(item, [...path, name]);
    }
  };
  walk(value, []);
  return found;
}

/** A copy with another string at this path; what is not on the way to it is shared. */
export function replaced<T>(value: T, [step, ...rest]: LeafPath, text: string): T {
  if (step === undefined) return text as T;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as T & Record<string | number, unknown>;
  (copy as Record<string | number, unknown>)[step] = replaced(copy[step], rest, text);
  return copy;
}
