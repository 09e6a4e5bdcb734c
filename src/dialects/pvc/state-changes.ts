// The states that PVC's clients ask for: the opcode that brings a VM there, and PVC's text for it.
import Type from 'typebox';
import { VmDisable } from '../../../schemas/opcodes/vm-disable.js';
import { VmRestart } from '../../../schemas/opcodes/vm-restart.js';
import { VmShutdown } from '../../../schemas/opcodes/vm-shutdown.js';
import { VmStart } from '../../../schemas/opcodes/vm-start.js';
import { VmStop } from '../../../schemas/opcodes/vm-stop.js';

const WANTED_STATES = ['start', 'shutdown', 'stop', 'restart', 'disable'] as const;

interface StateChange {
  opcode: string;
  message(vm: string): string;
}

export const STATE_CHANGES: Readonly<Record<(typeof WANTED_STATES)[number], StateChange>> = {
  start: { opcode: VmStart.id, message: (vm) => `Starting VM "${vm}".` },
  shutdown: { opcode: VmShutdown.id, message: (vm) => `Shutting down VM "${vm}".` },
  stop: { opcode: VmStop.id, message: (vm) => `Forcibly stopping VM "${vm}".` },
  restart: { opcode: VmRestart.id, message: (vm) => `Restarting VM "${vm}".` },
  disable: { opcode: VmDisable.id, message: (vm) => `Marked VM "${vm}" as disable.` },
};

export const WantedState = Type.Enum([...WANTED_STATES], { description: 'the state to bring the VM to' });
