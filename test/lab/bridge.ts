/** The network of the lab: a bridge on this machine into which every node is plugged. */
import { networkInterfaces } from 'node:os';
import { execa } from 'execa';

export interface Bridge {
  readonly bridge: string;
  readonly bridgeMac: string;
  readonly gateway: string;
}

export async function linkExists(name: string): Promise<boolean> {
  return !(await execa('ip', ['link', 'show', 'dev', name], { reject: false })).failed;
}

export async function raiseBridge({ bridge, bridgeMac, gateway }: Bridge): Promise<void> {
  refuseForeignAddress(bridge, gateway);
  if (!(await linkExists(bridge))) await execa('ip', ['link', 'add', 'name', bridge, 'type', 'bridge']);
  // Left alone, a bridge takes the lowest address of its ports, and so changes it when nodes come and go.
  await execa('ip', ['link', 'set', 'dev', bridge, 'address', bridgeMac]);
  await execa('ip', ['address', 'replace', `${gateway}/24`, 'dev', bridge]);
  await execa('ip', ['link', 'set', 'dev', bridge, 'up']);
}

export async function removeBridge({ bridge }: Pick<Bridge, 'bridge'>): Promise<void> {
  if (await linkExists(bridge)) await execa('ip', ['link', 'delete', 'dev', bridge]);
}

/** Two labs on one subnet would see each other's nodes. */
function refuseForeignAddress(bridge: string, gateway: string): void {
  const subnet = gateway.slice(0, gateway.lastIndexOf('.') + 1);
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (name === bridge) continue;
    if (addresses?.some(({ address }) => address.startsWith(subnet))) {
      throw new Error(`${name} is already in the lab's network ${subnet}0/24; set RAPID_LAB_DIR to another folder to get another network`);
    }
  }
}
