// Whether a libvirt is alive, asked from elsewhere than its node.
import { setTimeout as delay } from 'node:timers/promises';
import { connectLibvirt } from './connect-libvirt.js';

/** Whether it says within that time what its host is. Changes nothing there. */
export async function libvirtAnswers(uri: string, timeoutMs: number): Promise<boolean> {
  const over = new AbortController();
  const late = delay(timeoutMs, false, { signal: over.signal }).catch(() => false);
  try {
    // What is given up ends by itself, soon after.
    return await Promise.race([asks(uri, timeoutMs).catch(() => false), late]);
  } finally {
    over.abort();
  }
}

async function asks(uri: string, callTimeoutMs: number): Promise<boolean> {
  const hypervisor = await connectLibvirt({ uri, connections: 1, callTimeoutMs });
  try {
    await hypervisor.host();
    return true;
  } finally {
    await hypervisor.close();
  }
}
