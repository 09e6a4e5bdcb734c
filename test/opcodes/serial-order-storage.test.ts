// The law of serial order for pools with what is in them, and for OSDs.
import { describe } from 'vitest';
import { redisForFile } from '../harness/redis-for-file.js';
import { holdsSerialOrder } from './serial-order-law.js';
import { NEW_OSDS, OLD_OSDS } from './serial-stages-shared.js';
import { POOLS } from './serial-stages.js';

const redis = redisForFile();
const redisUrl = () => redis().url;

describe('a pool, its volumes and snapshots', () => {
  holdsSerialOrder(redisUrl, POOLS);
});
describe('OSDs that are made', () => {
  holdsSerialOrder(redisUrl, NEW_OSDS);
});
describe('OSDs that are removed', () => {
  holdsSerialOrder(redisUrl, OLD_OSDS);
});
