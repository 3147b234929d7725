/** How a Markdown report stays below a number of bytes. */
import { formatBytes, formatCount } from './format.ts';

/** From what stays longest to what goes first. */
const ranks = ['needed', 'evidence', 'extra'] as const;
type Rank = (typeof ranks)[number];

export interface Block {
  rank: Rank;
  text: string;
}

export function block(rank: Rank, text: string): Block {
  return { rank, text };
}

/** A sentence has some 200 characters; what a target printed may have any number. */
const maxSentence = 2000;

export function clip(text: string): string {
  return text.length <= maxSentence ? text : `${text.slice(0, maxSentence)}…`;
}

/**
 * The blocks below the verdict, as many as fit: what counts least goes first, of that the last. Says how many are missing
 * and where they are.
 */
export function withinBytes(verdict: string, blocks: Block[], maxBytes: number): string {
  const kept = new Set(blocks);
  const leastFirst = [...ranks]
    .reverse()
    .flatMap((rank) => blocks.filter((candidate) => candidate.rank === rank).reverse());
  for (const candidate of leastFirst) {
    if (Buffer.byteLength(joined(verdict, blocks, kept, maxBytes)) <= maxBytes) break;
    kept.delete(candidate);
  }
  return joined(verdict, blocks, kept, maxBytes);
}

function joined(verdict: string, blocks: Block[], kept: Set<Block>, maxBytes: number): string {
  const missing = blocks.length - kept.size;
  const note = `> **Shortened.** ${formatCount(missing)} of ${formatCount(blocks.length)} sections did not fit into ${formatBytes(maxBytes)}. They are in the HTML and the JSON report.`;
  const texts = blocks.filter((candidate) => kept.has(candidate)).map(({ text }) => text);
  return `${[verdict, ...(missing === 0 ? [] : [note]), ...texts].join('\n\n')}\n`;
}
