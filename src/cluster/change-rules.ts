// What a change must keep to before it is sent. A ZooKeeper server drops the connection of a client that sends more than 1 MiB at
// once, which looks like a lost connection and would be repeated for ever; and it takes version -1 for 'any version'.
import { ClassifiedError } from '../errors/classified-error.js';
import { assertPath } from './path.js';

const maxBytes = 1_000_000;

/** What the protocol adds to a path and a text: lengths, header and access list. */
const overheadBytes = 100;

/** Throws TypeError for a path or version that is none, and wrong_input for a size that the store does not take in one commit or one node. */
export function assertChanges(changes: readonly { path: string; data?: string; version?: number }[]): void {
  let bytes = 0;
  for (const { path, data = '', version = 0 } of changes) {
    assertPath(path);
    if (!Number.isInteger(version) || version < 0) throw new TypeError(`${version} is not a version of ${path}`);
    bytes += overheadBytes + Buffer.byteLength(path) + Buffer.byteLength(data);
  }
  if (bytes <= maxBytes) return;
  throw new ClassifiedError('wrong_input', `a change of ${bytes} bytes is more than the cluster store takes at once (${maxBytes})`);
}
