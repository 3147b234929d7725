export type LeafPath = (string | number)[];

/** Paths to the strings in a value; of a list's items each kind of path once, the first. */
export function stringLeaves(value: unknown): LeafPath[] {
  return leaves(value, (part) => typeof part === 'string');
}

/** The same to all that is neither a list nor an object, and of which `counts` holds. */
export function leaves(value: unknown, counts: (part: unknown) => boolean = () => true): LeafPath[] {
  const seen = new Set<string>();
  const found: LeafPath[] = [];
  const walk = (part: unknown, path: LeafPath): void => {
    if (typeof part === 'object' && part !== null) {
      const steps = Array.isArray(part) ? [...part.keys()] : Object.keys(part);
      for (const step of steps) walk((part as Record<string | number, unknown>)[step], [...path, step]);
    } else if (counts(part)) {
      const kind = kindOf(path);
      if (!seen.has(kind)) found.push(path);
      seen.add(kind);
    }
  };
  walk(value, []);
  return found;
}

/** `tabs.*.state`: a path without the places in lists. */
export function kindOf(path: LeafPath): string {
  return path.map((step) => (typeof step === 'number' ? '*' : step)).join('.');
}

/** A copy with another string at this path; what is not on the way to it is shared. */
export function replaced<T>(value: T, [step, ...rest]: LeafPath, text: string): T {
  if (step === undefined) return text as T;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as T & Record<string | number, unknown>;
  (copy as Record<string | number, unknown>)[step] = replaced(copy[step], rest, text);
  return copy;
}
