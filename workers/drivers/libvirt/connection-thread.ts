// The thread of one libvirt connection: it makes libvirt's synchronous calls, one at a time, as messages ask for them. It opens
// its connection when first asked, and anew when the old one turns out to be broken. What only looks is then asked again; what changes
// something is asked once, and says so.
import { parentPort, workerData } from 'node:worker_threads';
import { defineCephSecret } from './ceph-secret.js';
import { domainChanges, domainLooks, resizeDisk } from './domain-operations.js';
import { errorClassOf, migrationErrorClassOf } from './error-number.js';
import { host } from './host-operation.js';
import { kernelThreadId } from './kernel-calls.js';
import { LibvirtError } from './libvirt-error.js';
import { type Libvirt, loadLibvirt, type Pointer } from './libvirt-library.js';
import { abortMigration, migrate, migrationLooks } from './migration-operations.js';
import type { Answer, Call, ChangeCall, LookCall, Started, ThreadData } from './thread-messages.js';

const { uri, library, abandoned }: ThreadData = workerData;

const looks = { ...domainLooks, ...migrationLooks, host };
const changes = { ...domainChanges, abortMigration };

let libvirt: Libvirt | undefined;
let connection: Pointer = null;
/** How many there were, with this one. */
let connections = 0;

function open(): Libvirt {
  libvirt ??= loadLibvirt(library);
  if (connection === null) {
    connection = libvirt.open(uri);
    connections += 1;
  }
  return libvirt;
}

function close(): void {
  const old = connection;
  connection = null;
  if (old !== null) libvirt?.close(old);
}

function look(opened: Libvirt, { operation, argument }: LookCall): unknown {
  if (operation === 'open') {
    // A question that libvirtd itself answers: that it is there cannot be told otherwise.
    opened.libraryVersion(connection);
    return connections;
  }
  return looks[operation](opened, connection, argument);
}

function change(opened: Libvirt, call: ChangeCall): unknown {
  const { operation, argument } = call;
  if (operation === 'migrate') return migrate(opened, connection, argument, call.target);
  if (operation === 'resizeDisk') return resizeDisk(opened, connection, argument, call.dev, call.sizeBytes);
  if (operation === 'defineCephSecret') return defineCephSecret(opened, connection, call.secret);
  return changes[operation](opened, connection, argument);
}

/** Closes the connection if it is broken; answers whether it was. */
function dropBroken(): boolean {
  if (connection === null || libvirt?.isAlive(connection) !== false) return false;
  try {
    close();
  } catch {
    // A broken connection is gone, whatever its closing says.
  }
  return true;
}

function lookReconnecting(call: LookCall): unknown {
  const hadConnection = connection !== null;
  try {
    return look(open(), call);
  } catch (error) {
    // One that broke while nobody used it is found out here only. Who only looks may look again.
    if (dropBroken() && hadConnection && Atomics.load(abandoned, 0) === 0) return look(open(), call);
    throw error;
  }
}

/** Never a second time: who may change something then is not for this thread to say. */
function changeOnce(call: ChangeCall & { notAfterNs: bigint }): Answer {
  const opened = open();
  if (process.hrtime.bigint() > call.notAfterNs) return { kind: 'late' };
  try {
    return { kind: 'value', value: change(opened, call) };
  } catch (error) {
    if (error instanceof LibvirtError && dropBroken()) return { kind: 'broken', message: error.message };
    throw error;
  }
}

function perform(call: Call): Answer {
  if ('notAfterNs' in call) return changeOnce(call);
  return { kind: 'value', value: call.operation === 'close' ? close() : lookReconnecting(call) };
}

function answerTo(call: Call): Answer {
  try {
    return perform(call);
  } catch (error) {
    if (error instanceof LibvirtError) {
      const classOf = call.operation === 'migrate' ? migrationErrorClassOf : errorClassOf;
      return { kind: 'failure', errorClass: classOf(error.code, error.domain), message: error.message };
    }
    return { kind: 'defect', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

parentPort?.on('message', (call: Call) => {
  parentPort?.postMessage(answerTo(call));
  if (call.operation === 'close') parentPort?.close();
});
parentPort?.postMessage({ kind: 'started', kernelThreadId: kernelThreadId() } satisfies Started);
