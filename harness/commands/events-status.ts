import { terminalOptions } from '../../reports/terminal.ts';
import { penOf } from '../../reports/terminal-pen.ts';
import { readStatus } from '../events/read-status.ts';
import { renderStatus } from '../events/render-status.ts';

/** `hydrotest events status`: exit code 3 where the server does not answer, as for everything that could not be seen. */
export async function eventsStatusCommand({ url }: { url: string }): Promise<void> {
  const status = await readStatus(url);
  const { columns, color } = terminalOptions(process.stdout);
  process.stdout.write(`${renderStatus(status, penOf(columns, color)).join('\n')}\n`);
}
