import { appendFile, stat } from 'node:fs/promises';
import { messageOf } from './errors.ts';

/** GitHub takes no summary of a step at all that is larger: "supports content up to a size of 1024k". */
const MAX_SUMMARY_BYTES = 1024 * 1024;

/** Less than this holds a verdict and nothing more. */
const MIN_ROOM_BYTES = 4096;

/**
 * Appends a report in Markdown to the summary of a GitHub Actions step, in which other programs may have written already.
 * Returns the line that says so, or why not: the verdict does not depend on it. Null: this is no such step.
 */
export async function appendToStepSummary(
  render: (maxBytes: number) => string,
  { GITHUB_ACTIONS: actions, GITHUB_STEP_SUMMARY: path }: NodeJS.ProcessEnv,
): Promise<string | null> {
  if (actions !== 'true' || !path) return null;
  try {
    const taken = await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
    const room = MAX_SUMMARY_BYTES - taken - 2;
    if (room < MIN_ROOM_BYTES) throw new Error(`its ${taken} bytes leave no room below GitHub's 1 MiB`);
    const text = render(room);
    if (Buffer.byteLength(text) > room) throw new Error(`no room is left in it below GitHub's 1 MiB`);
    await appendFile(path, `${taken === 0 ? '' : '\n\n'}${text}`);
    return "The report is in the step's summary on GitHub.";
  } catch (error) {
    const message = messageOf(error);
    return `warning: the report is not in the step's summary on GitHub: ${message}.`;
  }
}
