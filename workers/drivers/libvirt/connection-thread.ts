// The thread of one libvirt connection: it makes libvirt's synchronous calls, one at a time, as messages ask for them. It opens
// its connection when first asked, and anew when the old one turns out to be broken.
import { parentPort, workerData } from 'node:worker_threads';
import { defineCephSecret } from './ceph-secret.js';
import { domainOperations, resizeDisk } from './domain-operations.js';
import { errorClassOf, migrationErrorClassOf } from './error-number.js';
import { host } from './host-operation.js';
import { kernelThreadId } from './kernel-calls.js';
import { LibvirtError } from './libvirt-error.js';
import { type Libvirt, loadLibvirt, type Pointer } from './libvirt-library.js';
import { migrate, migrationOperations } from './migration-operations.js';
import type { Answer, Call, Started, ThreadData } from './thread-messages.js';

const { uri, library, abandoned }: ThreadData = workerData;

const operations = { ...domainOperations, ...migrationOperations };

let libvirt: Libvirt | undefined;
let connection: Pointer = null;

function open(): Libvirt {
  libvirt ??= loadLibvirt(library);
  connection ??= libvirt.open(uri);
  return libvirt;
}

function close(): void {
  const old = connection;
  connection = null;
  if (old !== null) libvirt?.close(old);
}

function perform(call: Call): unknown {
  const { operation, argument } = call;
  if (operation === 'close') return close();
  const opened = open();
  if (operation === 'open') return undefined;
  if (operation === 'host') return host(opened, connection);
  if (operation === 'migrate') return migrate(opened, connection, argument, call.target);
  if (operation === 'resizeDisk') return resizeDisk(opened, connection, argument, call.dev, call.sizeBytes);
  if (operation === 'defineCephSecret') return defineCephSecret(opened, connection, call.secret);
  return operations[operation](opened, connection, argument);
}

function performReconnecting(call: Call): unknown {
  const hadConnection = connection !== null;
  try {
    return perform(call);
  } catch (error) {
    if (connection === null || libvirt?.isAlive(connection) !== false) throw error;
    try {
      close();
    } catch {
      // A broken connection is gone, whatever its closing says.
    }
    // One that broke while nobody used it is found out here only. Every operation is repeatable, so it is simply done again.
    if (hadConnection && Atomics.load(abandoned, 0) === 0) return perform(call);
    throw error;
  }
}

function answerTo(call: Call): Answer {
  try {
    return { kind: 'value', value: performReconnecting(call) };
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
