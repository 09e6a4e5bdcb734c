// The largest XML that is taken from a client is kept whole, whatever it is full of: the store's own limit is nobody's business outside.
import { expect, it, onTestFinished } from 'vitest';
import { admit } from '../../src/admission/admit.js';
import { openMemoryStore } from '../../src/cluster/memory/memory-store.js';
import { ROOTS } from '../../src/cluster/open-store.js';
import { vmDocuments } from '../../src/cluster/vm-documents.js';
import { vmFromXml } from '../../src/cluster/vm-from-xml.js';
import { domainXml } from '../http/domain-xml.js';
import { vmDocument } from './sample-vm.js';

const limitBytes = 256 * 1024 - 64;

/** As many RBD disks as the description of a VM has room for. */
function disks(): string {
  const all = Array.from(
    { length: 620 },
    (_, index) => `<disk type="network"><source protocol="rbd" name="vms/${index}"/><target dev="d${index}"/></disk>`,
  );
  return `<devices>${all.join('')}</devices>`;
}

it.each(['"', '虚', '\n', '\u2028', '&amp;'])('full of %j', async (filler) => {
  const around = (part: string) => domainXml('large').replace('</domain>', `${disks()}<metadata><x>${part}</x></metadata></domain>`);
  const room = limitBytes - Buffer.byteLength(around(''));
  const xml = around(filler.repeat(Math.floor(room / Buffer.byteLength(filler))));
  const [op] = admit([{ OP_ID: 'OP_VM_DEFINE', xml }]);
  const [again] = admit([op]);
  expect(again).toEqual(op);
  const store = await openMemoryStore({ roots: ROOTS });
  onTestFinished(() => store.close());
  const vms = vmDocuments(store);
  const document = { ...vmDocument('large', []), ...vmFromXml(String(op?.['xml'])) };
  expect(document.disks).toHaveLength(620);
  await vms.create(document);
  expect((await vms.get('large')).xml).toBe(op?.['xml']);
});
