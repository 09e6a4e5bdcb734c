// Whether a node lives, asked anew: its agent by its report, its libvirt at its own address.
import type { NodeDocument } from '../../src/cluster/node-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { World } from '../engine/world.js';

/** The node's document. Throws unknown_entity, or wrong_state when its agent does not report. */
export async function livingNode({ nodes }: World, name: string): Promise<NodeDocument> {
  const document = await nodes.get(name);
  if (!(await nodes.isReported(name))) throw new ClassifiedError('wrong_state', `node "${name}" is not running: its agent does not report`);
  return document;
}

/** The node's document. Throws unknown_entity, or wrong_state while anything of it answers. */
export async function deadNode({ nodes, libvirtAnswers }: World, name: string): Promise<NodeDocument> {
  const document = await nodes.get(name);
  if (await nodes.isReported(name)) throw new ClassifiedError('wrong_state', `node "${name}" lives: its agent reports`);
  if (await libvirtAnswers(document.uri)) throw new ClassifiedError('wrong_state', `node "${name}" lives: its libvirt answers`);
  // An agent that was only being restarted is back by now.
  if (await nodes.isReported(name)) throw new ClassifiedError('wrong_state', `node "${name}" lives: its agent reports`);
  return document;
}
