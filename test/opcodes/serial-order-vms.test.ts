// The law of serial order for VMs and their disks.
import { describe } from 'vitest';
import { redisForFile } from '../harness/redis-for-file.js';
import { holdsSerialOrder } from './serial-order-law.js';
import { DISKS } from './serial-stages-shared.js';
import { VMS } from './serial-stages.js';

const redis = redisForFile();
const redisUrl = () => redis().url;

describe('a VM', () => {
  holdsSerialOrder(redisUrl, VMS);
});
describe('a VM and its disks', () => {
  holdsSerialOrder(redisUrl, DISKS);
});
