// How patient agents and watcher are with what they see.

/**
 * So many looks in a row, one `agent.interval_ms` after the other, must show the same before it is believed: what the agents of other
 * nodes report is up to one interval old, and a guest that changes nodes is for a moment on neither.
 */
export const DOWN_LOOKS = 3;

/** After so much silence of its hypervisor the agent says that what it reported is old. A call to it may take some seconds on a busy node. */
export const SILENT_AFTER_MS = 15_000;

/** So often in so many seconds a VM that went down is started again; then it is left down, in state `fail`. */
export const MOST_STARTS = 3;
export const STARTS_WINDOW_S = 600;

/** Every so many intervals the primary asks Ceph how it is. */
export const STORAGE_LOOKS = 5;
