/** Who uses the lab. Test runs may share one; the last to leave finds out that nobody else needs it. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isNodeProcess } from './turn.js';

/** Stands for whoever brought the lab up by hand, and takes it down by hand. */
const OPERATOR = 'operator';

/** A test run, by its process id. */
export type Tenant = number;

export function tenantsFolder(dir: string): string {
  return join(dir, 'tenants');
}

/** Answers whether it is a new one. */
export async function recordTenant(dir: string, tenant: Tenant | typeof OPERATOR): Promise<boolean> {
  const known = await readdir(tenantsFolder(dir)).catch((): string[] => []);
  await mkdir(tenantsFolder(dir), { recursive: true });
  await writeFile(join(tenantsFolder(dir), String(tenant)), '');
  return !known.includes(String(tenant));
}

/** Whether the tenant was on record, and nobody is left now that it is not any more. */
export async function removeTenant(dir: string, tenant: Tenant): Promise<boolean> {
  const tenants = await readdir(tenantsFolder(dir)).catch((): string[] => []);
  if (!tenants.includes(String(tenant))) return false;
  await rm(join(tenantsFolder(dir), String(tenant)), { force: true });
  return !tenants.some((name) => name !== String(tenant) && (name === OPERATOR || isNodeProcess(Number(name))));
}
