// How many jobs a second are accepted, Redis writing to disk once a second.
import type { Figure } from '../figure.js';
import type { Stage } from '../stage.js';
import { submissionRate } from '../submission-rate.js';

export const measureSubmit = (stage: Stage): Promise<Figure[]> => submissionRate(stage, 'submit', 'everysec');
