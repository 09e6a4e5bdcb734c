// The law of serial order for whole nodes, for flags and for who is the primary.
import { describe } from 'vitest';
import { redisForFile } from '../harness/redis-for-file.js';
import { holdsSerialOrder } from './serial-order-law.js';
import { FLAGS, NODES, PRIMARY } from './serial-stages-apart.js';

const redis = redisForFile();
const redisUrl = () => redis().url;

describe('a node and the VMs on it', () => {
  holdsSerialOrder(redisUrl, NODES);
});
describe('a flag of the storage', () => {
  holdsSerialOrder(redisUrl, FLAGS);
});
describe('who is the primary', () => {
  holdsSerialOrder(redisUrl, PRIMARY);
});
