// OSDs of a test's cluster, made known to it without any job.
import type { TestCluster } from './cluster.js';

type Stage = Pick<TestCluster, 'ceph' | 'storage'>;

/** Makes the cluster know the first OSD of a node; answers its ID. */
export async function putOsd(stage: Stage, node: string): Promise<number> {
  const [osd] = await (await stage.ceph.hosts.on(node)).localOsds();
  if (osd === undefined) throw new Error(`node ${node} has no OSD`);
  await stage.storage.osds.create({ id: osd.id, node, device: osd.devices[0] ?? '', fsid: osd.fsid, added_by: 0 });
  return osd.id;
}
