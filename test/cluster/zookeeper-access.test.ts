// Who gets at what is kept in ZooKeeper: with a user set, that user alone; and by which addresses the servers are found.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zookeeper from 'node-zookeeper-client';
import type { Answer } from 'node-zookeeper-client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Store } from '../../src/cluster/store.js';
import { codeOf } from '../../src/cluster/zookeeper/refusal.js';
import { parseServers } from '../../src/cluster/zookeeper/servers.js';
import { openZooKeeperStore } from '../../src/cluster/zookeeper/zookeeper-store.js';
import { startZooKeeper } from '../lab/zookeeper.js';
import type { ZooKeeperHandle } from '../lab/zookeeper.js';

const noAuth = -102;

describe('a store with a user', () => {
  let dir = '';
  let server: ZooKeeperHandle;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rapid-zookeeper-'));
    server = await startZooKeeper({ dir });
  });
  afterAll(async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function open(connect: string, user?: { name: string; password: string }): Promise<Store> {
    const store = await openZooKeeperStore({ connect, user, root: '/guarded/rapid', sessionTimeoutMs: 30_000, roots: ['/a', '/locks'] });
    onTestFinished(() => store.close());
    return store;
  }
  const user = { name: 'rapid', password: 'a:secret' };

  it('is read and written by that user alone, whatever kind of node', async () => {
    const store = await open(server.connect, user);
    await store.commit([{ kind: 'create', path: '/a/document', data: 'text' }]);
    await store.putEphemeral('/a/report', 'one');
    const [own, kept] = [
      await store.createQueued('/locks/x', 'own-', 'text'),
      await store.createQueued('/locks/x', 'kept-', 'text', { kept: true }),
    ];
    const paths = ['/a/document', '/a/report', `/locks/x/${own}`, `/locks/x/${kept}`];
    for (const stranger of [undefined, { name: 'rapid', password: 'guess' }, { name: 'other', password: user.password }]) {
      await expect(open(server.connect, stranger)).rejects.toMatchObject({ errorClass: 'environment_error' });
    }
    const plain = zookeeper.createClient(server.connect, { sessionTimeout: 30_000 });
    plain.connect();
    onTestFinished(() => plain.connectionManager.socket?.destroySoon());
    const outcomeOf = (ask: (answer: Answer<unknown>) => void) => new Promise((resolve) => ask((error) => resolve(codeOf(error))));
    const { ACL, CreateMode } = zookeeper;
    const data = Buffer.from('theirs');
    for (const path of [...paths, '/a', '/locks', ''].map((below) => `/guarded/rapid${below}`)) {
      const attempts = [
        outcomeOf((answer) => plain.getData(path, undefined, answer)),
        outcomeOf((answer) => plain.getChildren(path, undefined, answer)),
        outcomeOf((answer) => plain.setData(path, data, -1, answer)),
        outcomeOf((answer) => plain.create(`${path}/x`, data, ACL.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, answer)),
        outcomeOf((answer) => plain.remove(path, -1, answer)),
      ];
      expect(await Promise.all(attempts)).toEqual(attempts.map(() => noAuth));
    }
    const again = await open(server.connect, user);
    await again.putEphemeral('/a/report', 'another session takes it over');
    expect(await again.get('/a/document')).toEqual({ data: 'text', version: 0 });
    expect((await again.children('/a')).toSorted()).toEqual(['document', 'report']);
  });

  it('is that user again when the connection has broken', async () => {
    const store = await open(server.connect, user);
    await server.restart();
    await store.commit([{ kind: 'create', path: '/a/after', data: '' }]).catch(async () => await store.connected());
    expect(await store.children('/a')).toContain('document');
  });

  it('is found by a host name', async () => {
    const { port } = server;
    expect(await (await open(`localhost:${port}`, user)).children('/a')).toContain('document');
  });
});

it('is found by an IPv6 address', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'rapid-zookeeper-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const server = await startZooKeeper({ dir, bind: '::1' });
  onTestFinished(() => server.stop());
  const store = await openZooKeeperStore({ connect: `[::1]:${server.port}`, root: '/rapid', sessionTimeoutMs: 30_000, roots: ['/a'] });
  onTestFinished(() => store.close());
  await store.commit([{ kind: 'create', path: '/a/x', data: '' }]);
  expect(await store.children('/a')).toEqual(['x']);
});

it('takes lists of host names and of addresses of both kinds, and nothing else', () => {
  expect(parseServers('zk1.example.org:2181, 10.0.0.2:2182,[2001:db8::3]:2183,[fe80::1%eth0],zk5')).toEqual([
    { host: 'zk1.example.org', port: 2181 },
    { host: '10.0.0.2', port: 2182 },
    { host: '2001:db8::3', port: 2183 },
    { host: 'fe80::1%eth0', port: 2181 },
    { host: 'zk5', port: 2181 },
  ]);
  for (const wrong of ['', 'a,', '2001:db8::3:2181', '[::1', 'a:b', 'a:70000', 'zk1/chroot']) {
    expect(() => parseServers(wrong)).toThrow('names no ZooKeeper server');
  }
});
