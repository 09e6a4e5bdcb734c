// Who a request comes from: the API tokens of the configuration. Only their SHA-256 is ever held.
import { hash, timingSafeEqual } from 'node:crypto';
import type { Config } from '../../schemas/config.js';

export interface Identity {
  /** The token's name; stands in the jobs that are submitted with it. */
  user: string;
  access: 'read' | 'write';
}

export interface Guard {
  /** Whether a request must show a token. */
  required: boolean;
  /** Whose token that is, or undefined when it is nobody's. */
  identify(token: string | undefined): Identity | undefined;
}

const ANYONE: Identity = { user: 'anonymous', access: 'write' };

/** The guard for these tokens; without any, every request is `anonymous` and may do everything. */
export function guardOf(tokens: Config['auth']['tokens']): Guard {
  if (tokens.length === 0) return { required: false, identify: () => ANYONE };
  const known = tokens.map(({ name, access, sha256 }) => ({
    identity: { user: name, access },
    digest: Buffer.from(sha256, 'hex'),
  }));
  return {
    required: true,
    identify: (token) => {
      if (token === undefined) return undefined;
      const digest = hash('sha256', token, 'buffer');
      // Compared with every token, whichever fits: the time taken tells nothing.
      const fitting = known.filter((candidate) => timingSafeEqual(candidate.digest, digest));
      return fitting[0]?.identity;
    },
  };
}
