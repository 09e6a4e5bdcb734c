// What every driver of a node's OSDs must do, from an empty device to an OSD and back.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ceph } from '../../workers/drivers/ceph.js';
import { deviceObjection, type OsdHost } from '../../workers/drivers/ceph-osd-host.js';
import { patience } from '../lab/patience.js';

export interface OsdHostSubject {
  host: OsdHost;
  ceph: Ceph;
  /** The path of a device that nothing is on. */
  emptyDevice(): Promise<string>;
  /** One with a file system. */
  usedDevice(): Promise<string>;
  close(): Promise<void>;
}

const refused = (errorClass: string) => ({ errorClass });

/** One suite for every driver. `subjectFor` is called once. */
export function osdHostContract(name: string, subjectFor: () => Promise<OsdHostSubject>): void {
  describe(`OSD host contract: ${name}`, () => {
    let subject: OsdHostSubject;
    let host: OsdHost;
    let ceph: Ceph;

    beforeAll(async () => {
      subject = await subjectFor();
      ({ host, ceph } = subject);
    });

    afterAll(() => subject.close());

    const seen = async (fsid: string) => (await ceph.osds()).find((osd) => osd.fsid === fsid);

    test('an empty device speaks for itself', async () => {
      const device = await subject.emptyDevice();
      const facts = await host.inspectDevice(device);
      expect(facts).toMatchObject({ path: device, mountPoints: [], children: [], signatures: [], inUse: false, readOnly: false });
      expect(facts).not.toHaveProperty('osd');
      expect(facts.sizeBytes).toBeGreaterThan(0);
      expect(deviceObjection(facts)).toBeUndefined();
    });

    test('a device that is not empty is left alone', async () => {
      const device = await subject.usedDevice();
      const facts = await host.inspectDevice(device);
      expect(facts.signatures).not.toEqual([]);
      const fsid = randomUUID();
      await expect(host.prepareOsd({ device, fsid })).rejects.toMatchObject(refused('wrong_state'));
      await expect(host.zapDevice(device, fsid)).rejects.toMatchObject(refused('wrong_state'));
      expect((await host.inspectDevice(device)).signatures).toEqual(facts.signatures);
      expect(await seen(fsid)).toBeUndefined();
    });

    test.each([
      ['/dev/rapid-none', 'unknown_entity'],
      ['/etc/passwd', 'wrong_input'],
      ['/dev/null', 'wrong_input'],
      ['sdb', 'wrong_input'],
    ])('%s is no device to make an OSD of', async (device, errorClass) => {
      await expect(host.inspectDevice(device)).rejects.toMatchObject(refused(errorClass));
      await expect(host.prepareOsd({ device, fsid: randomUUID() })).rejects.toMatchObject(refused(errorClass));
    });

    test('an OSD that this node has not is not started; to stop it is fine', async () => {
      await expect(host.startOsd(9999)).rejects.toMatchObject(refused('unknown_entity'));
      await host.stopOsd(9999);
      expect(await host.isOsdRunning(9999)).toBe(false);
    });

    test('an OSD is made, runs, gives its data away and is gone without a trace', { timeout: patience(400_000) }, async () => {
      const device = await subject.emptyDevice();
      const fsid = randomUUID();
      const made = await host.prepareOsd({ device, fsid, deviceClass: 'contract' });
      expect(made).toEqual({ id: expect.any(Number), fsid });
      const { id } = made;
      // Asked again, because the answer was lost: the same, and no second one.
      expect(await host.prepareOsd({ device, fsid, deviceClass: 'contract' })).toEqual(made);
      expect((await ceph.osds()).filter((osd) => osd.fsid === fsid)).toHaveLength(1);
      expect((await host.inspectDevice(device)).osd).toEqual(made);
      await expect(host.prepareOsd({ device, fsid: randomUUID() })).rejects.toMatchObject(refused('wrong_state'));
      expect(await host.localOsds()).toContainEqual({ id, fsid, devices: [device], running: false });

      await host.startOsd(id);
      await host.startOsd(id);
      expect(await host.isOsdRunning(id)).toBe(true);
      expect(await seen(fsid)).toMatchObject({ id, up: true, in: true, deviceClass: 'contract' });
      expect(await host.localOsds()).toContainEqual({ id, fsid, devices: [device], running: true });
      await expect(host.zapDevice(device, fsid)).rejects.toMatchObject(refused('wrong_state'));
      await expect(ceph.purgeOsd(id)).rejects.toMatchObject(refused('wrong_state'));

      // Not much more than the others have: CRUSH finds no place beside one that is out and outweighs all.
      await ceph.setOsdWeight(id, 0.004);
      await ceph.setOsdWeight(id, 0.004);
      expect((await seen(fsid))?.crushWeight).toBeCloseTo(0.004, 4);
      await expect(ceph.setOsdWeight(9999, 1)).rejects.toMatchObject(refused('unknown_entity'));

      await ceph.osdOut(id);
      await ceph.osdOut(id);
      expect(await seen(fsid)).toMatchObject({ in: false, up: true });
      await ceph.osdIn(id);
      expect(await seen(fsid)).toMatchObject({ in: true });
      await ceph.osdOut(id);
      await expect.poll(() => ceph.osdDrain(id), { timeout: patience(180_000), interval: 1000 }).toEqual({ pgs: 0, safeToDestroy: true });

      await host.stopOsd(id);
      await host.stopOsd(id);
      expect(await host.isOsdRunning(id)).toBe(false);
      expect(await seen(fsid)).toMatchObject({ up: false });
      await ceph.purgeOsd(id);
      await ceph.purgeOsd(id);
      expect(await seen(fsid)).toBeUndefined();
      await host.zapDevice(device, fsid);
      await host.zapDevice(device, fsid);
      expect(deviceObjection(await host.inspectDevice(device))).toBeUndefined();
      expect((await host.localOsds()).filter((osd) => osd.fsid === fsid)).toEqual([]);
    });

    test('an OSD that never ran is taken back', async () => {
      const device = await subject.emptyDevice();
      const fsid = randomUUID();
      const { id } = await host.prepareOsd({ device, fsid });
      await ceph.purgeOsd(id);
      await host.zapDevice(device, fsid);
      expect(await seen(fsid)).toBeUndefined();
      expect(deviceObjection(await host.inspectDevice(device))).toBeUndefined();
      await host.zapDevice('/dev/rapid-none', fsid);
    });
  });
}
