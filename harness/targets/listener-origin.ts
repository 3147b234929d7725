import { readdirSync, readFileSync } from 'node:fs';
import { belongsTo, findListener, listeningInodes } from './listener.ts';
import { readIdentity } from './process-group.ts';

export interface ListenerOrigin {
  /**
   * - `own`: in the process group of the target, or a descendant of it.
   * - `helper`: neither, but begun after it, or known to listen for others: a container's port, a daemon.
   * - `stranger`: ran before the target was started, so the target cannot have started it.
   */
  kind: 'own' | 'helper' | 'stranger';
  pid: number;
  name: string;
}

/** They run before the target and listen in its name: for containers, virtual machines, or socket activation. */
const FORWARDERS =
  /^(?:systemd|init|launchd|dockerd|docker-proxy|docker-init|containerd.*|conmon|rootlesskit|rootlessport|rootlessport-child|slirp4netns|pasta.*|passt.*|gvproxy|podman|kubelet|kubectl|sshd?|socat|inetd|xinetd|qemu-.*|wslrelay.*)$/;

/**
 * Whose the socket is that listens on a port for a target with this root process. Null: nobody can be seen there, as without a
 * `/proc`, behind a rule of a packet filter, or with another user's process.
 */
export function readListenerOrigin(port: number, rootPid: number): ListenerOrigin | null {
  if (process.platform !== 'linux') return null;
  const listener = findListener(port, rootPid);
  const root = readIdentity(rootPid);
  if (listener === null || root === null) return null;
  const { pid, startTicks } = listener;
  const name = readName(pid);
  if (belongsTo(pid, rootPid)) return { kind: 'own', pid, name };
  const ranBefore = startTicks !== null && startTicks < root.startTicks;
  return { kind: ranBefore && pid !== 1 && !FORWARDERS.test(name) ? 'stranger' : 'helper', pid, name };
}

/**
 * Whether the processes of a target with this root are those that serve on its port, told by who listens there. False where nobody is seen to
 * and every process of the target can be looked into: then it is one that is hidden from us. Null: it cannot be told, as without a `/proc`, where a
 * process of the target is closed to us, or where the listener is in another network.
 */
export function servesItself(origin: ListenerOrigin | null, port: number, rootPid: number): boolean | null {
  if (process.platform !== 'linux') return null;
  if (origin !== null) return origin.kind === 'own';
  return listeningInodes(port).size > 0 && isOpenToUs(rootPid) ? false : null;
}

function isOpenToUs(rootPid: number): boolean {
  const members = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && belongsTo(Number(name), rootPid),
  );
  return members.every((pid) => {
    try {
      readdirSync(`/proc/${pid}/fd`);
      return true;
    } catch (cause) {
      return (cause as NodeJS.ErrnoException).code === 'ENOENT'; // It has ended.
    }
  });
}

function readName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}
