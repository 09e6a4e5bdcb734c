// Tests that need what a machine may not have (libvirt, QEMU, root) are skipped with their reason, but not where REQUIRE_REAL=1
// says that it must be there: then they run, and fail.
import { describe } from 'vitest';

/** A suite that is skipped for this reason, when there is one. */
export function describeReal(name: string, missing: string | undefined, suite: () => void): void {
  if (missing === undefined || process.env.REQUIRE_REAL === '1') {
    describe(name, suite);
    return;
  }
  console.warn(`skipped: ${name}: ${missing}`);
  describe.skip(`${name} (${missing})`, suite);
}
