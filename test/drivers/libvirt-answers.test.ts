// Asking from elsewhere whether a libvirt is alive: one that is, one that refuses, and one that says nothing.
import { expect, test } from 'vitest';
import { libvirtAnswers } from '../../workers/drivers/libvirt/libvirt-answers.js';
import { patience } from '../lab/patience.js';
import { missingLibvirt } from './plain-domain-xml.js';
import { describeReal } from './real-or-skipped.js';
import { silentListener } from './silent-listener.js';

const PATIENT_MS = patience(30_000);

describeReal('whether libvirt answers', missingLibvirt(), () => {
  test('one that lives does', async () => {
    expect(await libvirtAnswers('test:///default', PATIENT_MS)).toBe(true);
  });

  test('one that refuses the connection does not', async () => {
    expect(await libvirtAnswers('qemu+tcp://127.0.0.1:1/system', PATIENT_MS)).toBe(false);
  });

  test('one that takes the connection and says nothing does not, and is not waited for longer than asked', async () => {
    const silent = await silentListener();
    const begunMs = performance.now();
    expect(await libvirtAnswers(silent.uri, 1000)).toBe(false);
    expect(performance.now() - begunMs).toBeLessThan(20_000);
    await silent.close();
  });
});
