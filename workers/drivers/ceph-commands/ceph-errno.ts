// The error numbers that Ceph's commands end with, and the class that each is to us. `ceph` and `rbd` exit with the errno of what failed.
import type { ErrorClass } from '../../../schemas/error-class.js';
import { ClassifiedError } from '../../../src/errors/classified-error.js';

export const Errno = {
  /** Also what `ceph` exits with when it cannot begin at all (no configuration), and `rbd` for an option that it cannot read. */
  notPermitted: 1,
  noEntity: 2,
  again: 11,
  busy: 16,
  exists: 17,
  invalid: 22,
  notEmpty: 39,
} as const;

// What is not listed is environment_error: EPERM (see above), EACCES (the keyring does not fit), ETIMEDOUT, ESHUTDOWN, EIO…
const CLASS_OF_ERRNO: ReadonlyMap<number, ErrorClass> = new Map([
  [Errno.noEntity, 'unknown_entity'],
  [Errno.busy, 'wrong_state'],
  [Errno.exists, 'already_exists'],
  [Errno.invalid, 'wrong_input'],
  [27, 'wrong_input'], // EFBIG
  [28, 'insufficient_resources'], // ENOSPC
  [30, 'wrong_state'], // EROFS: another client holds the exclusive lock
  [34, 'insufficient_resources'], // ERANGE: more placement groups than the OSDs may have
  [36, 'wrong_input'], // ENAMETOOLONG
  [Errno.notEmpty, 'wrong_state'], // ENOTEMPTY: snapshots, or clones
  [75, 'wrong_input'], // EOVERFLOW
  [95, 'wrong_state'], // EOPNOTSUPP
  [122, 'insufficient_resources'], // EDQUOT
]);

export interface Failure {
  /** What was to be done: `resize volume vms/web1`. */
  what: string;
  exitCode: number;
  /** Goes to the log of the process. */
  stderr: string;
  /** Numbers that mean something else here, and a text that says so. */
  meanings?: Readonly<Record<number, readonly [ErrorClass, string]>> | undefined;
}

/** The error that a command's exit code stands for. */
export function cephError({ what, exitCode, stderr, meanings }: Failure): ClassifiedError {
  const [errorClass, text] = meanings?.[exitCode] ?? [
    CLASS_OF_ERRNO.get(exitCode) ?? 'environment_error',
    `Ceph failed to ${what}: error ${exitCode}`,
  ];
  return new ClassifiedError(errorClass, text, { cause: new Error(stderr.trim()) });
}
