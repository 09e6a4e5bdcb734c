// `Prefer: wait=<seconds>` (RFC 7240): how long a client would rather hold the line than come back.

const MAX_WAIT_S = 60;

/** The seconds to wait, at most 60; undefined without the preference, or when it is ill-formed and so to be ignored. */
export function preferredWaitS(prefer: string): number | undefined {
  for (const preference of prefer.split(',')) {
    const [name = '', value = ''] = (preference.split(';')[0] ?? '').split('=').map((part) => part.trim());
    if (name.toLowerCase() !== 'wait') continue;
    // The first of several counts.
    const digits = /^"?(\d{1,9})"?$/.exec(value)?.[1];
    return digits === undefined ? undefined : Math.min(Number(digits), MAX_WAIT_S);
  }
  return undefined;
}
