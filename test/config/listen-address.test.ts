// Which addresses may be listened on without tokens.
import { expect, it } from 'vitest';
import { assertSafeToListen, listenAddress } from '../../src/config/listen-address.js';

const token = { name: 'a', access: 'write' as const, sha256: '' };

it.each(['127.0.0.1:1', '127.9.9.9:1', '[::1]:1', 'localhost:1'])('allows %s', (listen) => {
  expect(() => assertSafeToListen({ listen, auth: { tokens: [] } })).not.toThrow();
});

it.each(['0.0.0.0:1', '192.0.2.1:1', '[::]:1', 'hv1.example.org:1', 'localhost.example.org:1', '127.0.0.1.example.org:1'])(
  'wants tokens for %s',
  (listen) => {
    expect(() => assertSafeToListen({ listen, auth: { tokens: [] } })).toThrow(/at least one token/);
    expect(() => assertSafeToListen({ listen, auth: { tokens: [token] } })).not.toThrow();
  },
);

it('takes host and port apart', () => {
  expect(listenAddress('[::1]:80')).toEqual({ host: '::1', port: 80 });
  expect(() => listenAddress('localhost:65536')).toThrow(/65536 is not a port/);
});
