// The keys of the configuration, read off its schema: each has a path in the file and a variable in the environment.
import type { TSchema } from 'typebox';
import { Config } from '../../schemas/config.js';

export interface SettingKey {
  /** `['redis', 'url']` */
  path: string[];
  /** `RAPID_REDIS_URL` */
  variable: string;
  /** The JSON type of its values. */
  type: string;
}

interface Shape {
  type?: string;
  properties?: Record<string, TSchema>;
}

function keysUnder(schema: TSchema, path: string[]): SettingKey[] {
  const { type = 'string', properties } = schema as Shape;
  if (properties !== undefined) return Object.entries(properties).flatMap(([name, inner]) => keysUnder(inner, [...path, name]));
  return [{ path, variable: ['RAPID', ...path].join('_').toUpperCase(), type }];
}

/** Every key there is, in the schema's order. */
export const SETTING_KEYS: readonly SettingKey[] = keysUnder(Config, []);
