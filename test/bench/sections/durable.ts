// How many jobs a second are accepted when each is on disk before its ID is answered.
import type { Figure } from '../figure.js';
import type { Stage } from '../stage.js';
import { submissionRate } from '../submission-rate.js';

export const measureDurable = (stage: Stage): Promise<Figure[]> => submissionRate(stage, 'durable', 'always');
