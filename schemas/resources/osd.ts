// An OSD as `GET /api/v1/storage/ceph/osd` shows it: PVC's field names and nesting, with numbers as numbers.
import Type, { type Static } from 'typebox';

const count = (description: string) => Type.Integer({ minimum: 0, description });
const flag = (description: string) => Type.Enum([0, 1], { description });
const text = (description: string) => Type.String({ description });
const number = (description: string) => Type.Number({ description });

/** What Ceph said of an OSD last; nothing at all until it has said something. */
export const OsdStats = Type.Partial(
  Type.Object({
    uuid: text('the UUID that the OSD was made with'),
    up: flag('1: its daemon runs'),
    in: flag('1: it is given data'),
    primary_affinity: number('from 0 to 1: how often it is the first of the copies'),
    utilization: number('how full it is, in percent'),
    var: number('how full it is, relative to the mean of all OSDs'),
    pgs: count('placement groups'),
    kb: count('its size in KiB'),
    kb_used: count('KiB in use'),
    kb_avail: count('KiB free'),
    size_bytes: count('its size in bytes'),
    used_bytes: count('bytes in use'),
    free_bytes: count('bytes free'),
    weight: number('weight in the CRUSH tree: TiB, by custom'),
    reweight: number('from 0 (out) to 1'),
    node: text('the host that it stands under in the CRUSH tree'),
    class: text('`hdd`, `ssd`, `nvme`; empty while unknown'),
    used: text('in use, for people: `1.2G`'),
    avail: text('free, for people'),
    wr_ops: number('writes a second'),
    wr_data: number('bytes written a second'),
    rd_ops: number('reads a second'),
    rd_data: number('bytes read a second'),
    state: text('as in the OSD map: `exists,up`'),
  }),
  { description: 'what Ceph said of it last; empty until it has said something' },
);
export type OsdStats = Static<typeof OsdStats>;

export const Osd = Type.Object(
  {
    id: text("Ceph's number for it, as text: `0`"),
    node: text('the node that has its device'),
    device: text('the block device that it was made of'),
    fsid: text('the UUID that it was made with'),
    stats: OsdStats,
  },
  { description: 'an OSD of the Ceph storage' },
);
export type Osd = Static<typeof Osd>;

export const OsdStateAnswer = Type.Object({
  id: text("Ceph's number for it, as text: `0`"),
  in: Type.Union([flag('1: it is given data'), Type.Null()], { description: '1: it is given data; null until Ceph has said something' }),
  up: Type.Union([flag('1: its daemon runs'), Type.Null()], { description: '1: its daemon runs; null until Ceph has said something' }),
});
