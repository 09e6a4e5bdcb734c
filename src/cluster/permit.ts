// The leave to change something in a lock's name, asked for where it is changed and at the last moment.

/**
 * Asked when nothing is left to be waited for; what it throws is thrown, and nothing is changed. An answer is good for a moment only, so it
 * is asked again before anything is tried again.
 */
export type Permit = () => Promise<void>;

/**
 * For how long, from when it was asked, what a permit allows may be begun. A process that stood still in between asks once more; and before
 * somebody else goes on with the work of one that stands still, more time passes than this.
 */
export const PERMIT_VALID_MS = 3000;
