// What connecting through libvirt does when there is nothing to connect to, and what a call that hangs costs everyone else.
import { readdir, readFile } from 'node:fs/promises';
import { lookup } from 'node:dns/promises';
import { describe, expect, test } from 'vitest';
import { connectLibvirt } from '../../workers/drivers/libvirt/connect-libvirt.js';
import { missingLibvirt } from './plain-domain-xml.js';
import { describeReal } from './real-or-skipped.js';
import { silentListener } from './silent-listener.js';

async function threadCount(): Promise<number> {
  return (await readdir('/proc/self/task')).length;
}

describe('without libvirt', () => {
  test('a machine that has no libvirt is told which package to install', async () => {
    await expect(connectLibvirt({ uri: 'test:///default', library: 'no-such-libvirt.so.0' })).rejects.toMatchObject({
      errorClass: 'environment_error',
      message: expect.stringContaining('libvirt0'),
    });
  });
});

describeReal('libvirt connections', missingLibvirt(), () => {
  test('a hypervisor that refuses the connection is an environment error', async () => {
    await expect(connectLibvirt({ uri: 'qemu+tcp://127.0.0.1:1/system' })).rejects.toMatchObject({
      errorClass: 'environment_error',
      message: expect.stringContaining('127.0.0.1'),
    });
  });

  test('a closed hypervisor takes no more calls, and closing it again does nothing', async () => {
    const hypervisor = await connectLibvirt({ uri: 'test:///default' });
    await hypervisor.close();
    await hypervisor.close();
    await expect(hypervisor.domains()).rejects.toMatchObject({ errorClass: 'environment_error' });
  });

  test('more calls than connections: all are answered', async () => {
    const hypervisor = await connectLibvirt({ uri: 'test:///default', connections: 2 });
    const answers = await Promise.all(Array.from({ length: 50 }, () => hypervisor.domains()));
    expect(answers.every((domains) => domains.some(({ name }) => name === 'test'))).toBe(true);
    await hypervisor.close();
  });

  test('one call after the other takes one connection', async () => {
    const hypervisor = await connectLibvirt({ uri: 'test:///default' });
    const threadsBefore = await threadCount();
    for (let call = 0; call < 10; call += 1) await hypervisor.domains();
    expect(await threadCount()).toBe(threadsBefore);
    await hypervisor.close();
  });

  test('closing lets a call under way come to its end', async () => {
    const hypervisor = await connectLibvirt({ uri: 'test:///default', connections: 1 });
    const underWay = hypervisor.domains();
    await hypervisor.close();
    expect((await underWay).length).toBeGreaterThan(0);
  });

  test('a hypervisor that never answers ends at the bound, delays nobody, and leaves no thread', async () => {
    const other = await connectLibvirt({ uri: 'test:///default' });
    const silent = await silentListener();
    const threadsBefore = await threadCount();
    const connecting = Promise.allSettled(Array.from({ length: 8 }, () => connectLibvirt({ uri: silent.uri, callTimeoutMs: 3000 })));
    // All are on their way; starting their threads is what takes the processor, so it is not measured.
    await expect.poll(threadCount).toBeGreaterThanOrEqual(threadsBefore + 8);
    for (let round = 0; round < 10; round += 1) {
      await readFile(new URL(import.meta.url));
      await lookup('localhost');
      expect((await other.domains()).length).toBeGreaterThan(0);
    }
    const ends = await connecting;
    expect(ends.map((end) => (end.status === 'rejected' ? end.reason.errorClass : 'connected'))).toEqual(
      Array.from({ length: 8 }, () => 'environment_error'),
    );
    await expect.poll(threadCount).toBeLessThanOrEqual(threadsBefore);
    await silent.close();
    await other.close();
  });
});
