import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Below the ports from which Linux opens connections (32,768 on), so that none of our streams can take it meanwhile. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;

/** Tells Node not to announce its inspector on stderr ("Debugger listening on …", and "Debugger ending on …"). */
export const QUIET_OPTION = '--inspect-publish-uid=http';

const CHOSEN_BY_USER = /--(inspect|debug-port)/;

/**
 * Environment for a Node target that is started by `command`, so that its inspector, when it is asked for, opens on a port
 * where it disturbs no other, and without a word. Opens nothing by itself. Where the user has chosen something about the
 * inspector, in the command or in NODE_OPTIONS, all is left alone.
 *
 * A port of our choice and not `--inspect-port=0`: from that, node:cluster counts upwards for its workers, and a worker
 * with port 1 ends at once ("must be 0 or in range 1024 to 65535", Node 20 and 24).
 */
export function inspectorEnv(existingNodeOptions?: string, command = ''): Record<string, string> {
  const existing = existingNodeOptions?.trim() ?? '';
  if (CHOSEN_BY_USER.test(existing)) return { NODE_OPTIONS: existing };
  if (CHOSEN_BY_USER.test(command)) return existing === '' ? {} : { NODE_OPTIONS: existing };
  return { NODE_OPTIONS: `${existing} --inspect-port=${chooseUnusedPort()} ${QUIET_OPTION}`.trim() };
}

function chooseUnusedPort(): number {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map(readTable).join();
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    // As a local or a remote port: either way someone uses the number.
    if (!tables.includes(`:${port.toString(16).toUpperCase().padStart(4, '0')} `)) return port;
  }
}

function readTable(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
