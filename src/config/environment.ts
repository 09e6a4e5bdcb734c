// Settings from environment variables, laid over those of the file.
import type { Fault } from '../errors/classified-error.js';
import { isJsonObject } from '../validation/json-object.js';
import { SETTING_KEYS, type SettingKey } from './setting-keys.js';

export type Settings = Record<string, unknown>;
export type Environment = Record<string, string | undefined>;

/** Names the configuration file; not a setting itself. */
export const FILE_VARIABLE = 'RAPID_CONFIG';

// What can't be read as its type stays a text: the schema then says what it should have been.
function readSetting(text: string, type: string): unknown {
  if (type === 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function put(settings: Settings, [name = '', ...deeper]: string[], value: unknown): Settings {
  if (deeper.length === 0) return { ...settings, [name]: value };
  const section = settings[name] ?? {};
  // A section that is no object is the file's fault; it is left for the schema to tell.
  if (!isJsonObject(section)) return settings;
  return { ...settings, [name]: put(section, deeper, value) };
}

const given = (env: Environment): SettingKey[] => SETTING_KEYS.filter(({ variable }) => env[variable] !== undefined);

/** The settings with those of the environment in place of the file's. */
export function overridden(settings: Settings, env: Environment): Settings {
  return given(env).reduce((all, { path, variable, type }) => put(all, path, readSetting(env[variable] ?? '', type)), settings);
}

/** A fault for every variable that looks like a setting and is none. */
export function unknownVariables(env: Environment): Fault[] {
  const known = new Set([FILE_VARIABLE, ...SETTING_KEYS.map(({ variable }) => variable)]);
  return Object.keys(env)
    .filter((variable) => variable.startsWith('RAPID_') && !known.has(variable))
    .map((variable) => ({ pointer: variable, message: 'is not a setting' }));
}

/** Where the operator wrote the value at this JSON Pointer: the variable, or the key's path in the file. */
export function origin(pointer: string, env: Environment): string {
  const path = pointer.split('/').slice(1);
  const key = given(env).find((candidate) => candidate.path.every((name, depth) => path[depth] === name));
  if (key === undefined) return path.join('.');
  return [key.variable, ...path.slice(key.path.length)].join('.');
}
