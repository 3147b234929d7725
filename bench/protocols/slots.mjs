/** Counts who is there on each key. `take` says whether there was room; its `free` gives the place back, once. */
export function createSlots(limit) {
  const taken = new Map();
  return {
    take(key) {
      const count = taken.get(key) ?? 0;
      if (count >= limit) return null;
      taken.set(key, count + 1);
      let isFree = false;
      return function free() {
        if (isFree) return;
        isFree = true;
        const left = taken.get(key) - 1;
        if (left === 0) taken.delete(key);
        else taken.set(key, left);
      };
    },
  };
}
