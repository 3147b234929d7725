/** Where the counter keeps its number in a page. */
export const ROW_COUNT_NAME = '__hydrotestRowCount';

/**
 * Runs in each page before its own scripts and counts what is added to it: elements that match the selector, themselves or
 * inside of what is added, or without a selector every added node. A number is all that it keeps. A row that a page uses again
 * for another event is not seen, nor is one inside of a shadow root.
 */
export function countRows({ name, selector }: { name: string; selector: string | null }): void {
  const scope = globalThis as unknown as Record<string, unknown> & PageScope;
  let count = 0;
  Object.defineProperty(scope, name, { get: () => count });
  const observer = new scope.MutationObserver((records) => {
    for (const { addedNodes } of records) {
      for (const node of addedNodes) {
        if (selector === null) count += 1;
        else if (node.matches !== undefined && node.querySelectorAll !== undefined)
          count += Number(node.matches(selector)) + node.querySelectorAll(selector).length;
      }
    }
  });
  observer.observe(scope.document, { childList: true, subtree: true });
}

/** What of a browser's globals is used; the harness itself is compiled without them. */
interface PageScope {
  document: unknown;
  MutationObserver: new (
    callback: (records: { addedNodes: PageNode[] }[]) => void,
  ) => { observe(target: unknown, options: { childList: boolean; subtree: boolean }): void };
}

interface PageNode {
  matches?(selector: string): boolean;
  querySelectorAll?(selector: string): { length: number };
}
