// A write that means nothing but "after everything before": a replica that has it has what was written before, on whatever connection.

/** KEYS: prefix. */
export const barrierScript = /* lua */ `
return redis.call('INCR', KEYS[1] .. ':barrier')
`;
