// The settings of a process: the file named by RAPID_CONFIG, environment variables over it, defaults under it.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { Config } from '../../schemas/config.js';
import { ClassifiedError } from '../errors/classified-error.js';
import { isJsonObject } from '../validation/json-object.js';
import { faultsIn } from '../validation/validate.js';
import { FILE_VARIABLE, origin, overridden, unknownVariables, type Environment, type Settings } from './environment.js';

const unusable = (faults: string[], cause?: unknown): ClassifiedError =>
  new ClassifiedError('wrong_input', `the configuration can't be used:\n${faults.map((fault) => `  ${fault}`).join('\n')}`, {
    cause,
  });

function readSettings(file: string): Settings {
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8')) ?? {};
  } catch (error) {
    throw unusable([`${file}: ${error instanceof Error ? error.message : String(error)}`], error);
  }
  if (!isJsonObject(content)) throw unusable([`${file}: must hold keys and values`]);
  return content;
}

/** The settings, checked and complete. Throws wrong_input that lists every fault with its key or variable. */
export function loadConfig(env: Environment = process.env): Config {
  const file = env[FILE_VARIABLE];
  const settings = overridden(file === undefined || file === '' ? {} : readSettings(file), env);
  const faults = [
    ...unknownVariables(env).map(({ pointer, message }) => `${pointer}: ${message}`),
    ...faultsIn(Config, settings).map(({ pointer, message }) => `${origin(pointer, env)}: ${message}`),
  ];
  if (faults.length > 0) throw unusable(faults);
  return settings as Config;
}
