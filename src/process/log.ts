// The log of a process: JSON lines on standard error.
import { destination, pino, type Logger } from 'pino';
import type { Config } from '../../schemas/config.js';

export const openLog = ({ log_level }: Pick<Config, 'log_level'>): Logger => pino({ level: log_level, base: null }, destination(2));
