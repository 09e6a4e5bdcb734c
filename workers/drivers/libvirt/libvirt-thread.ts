// The process' side of a libvirt connection's thread: one call at a time in, its answer out, and what to do when none comes.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import { startWorker } from './start-worker.js';
import type { Answer, Call, Started, ThreadData } from './thread-messages.js';

/** The change was not begun, for it came too late. */
export class CallLate extends Error {}

/** The connection broke, or its thread died, in the middle of a change: libvirt may or may not be at it. */
export class ConnectionBroken extends ClassifiedError {}

export interface LibvirtThread {
  /** Only when no other call is under way. Rejects with what libvirt said, with CallLate, or with ConnectionBroken. Has no bound of its own. */
  call(call: Call): Promise<unknown>;
  /** Makes a call that hangs fail, where the system allows it, and not be tried again; its promise then rejects. */
  release(): void;
  /** False once the thread has ended, by itself or by `end`. */
  alive(): boolean;
  /** Ends the thread; resolves when it has ended, which a hanging call delays. */
  end(): Promise<void>;
}

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

function settle({ resolve, reject }: Pending, answer: Answer): void {
  if (answer.kind === 'value') resolve(answer.value);
  else if (answer.kind === 'late') reject(new CallLate());
  else if (answer.kind === 'broken') reject(new ConnectionBroken('environment_error', answer.message));
  else if (answer.kind === 'failure') reject(new ClassifiedError(answer.errorClass, answer.message));
  else reject(new ClassifiedError('internal_error', 'a libvirt connection failed inside', { cause: answer.stack }));
}

/** Starts the thread. The connection itself is opened by the first call. */
export function startLibvirtThread({ uri, library }: Omit<ThreadData, 'abandoned'>): LibvirtThread {
  const abandoned = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const worker = startWorker('connection-thread', { uri, library, abandoned } satisfies ThreadData);
  // An idle connection is no reason for the process to go on; a call under way keeps it by its timer.
  worker.unref();
  let kernelThreadId: number | undefined;
  let pending: Pending | undefined;
  let ended = false;
  let isReleasing = false;

  const endedError = (cause?: unknown) =>
    new ConnectionBroken('environment_error', `the thread of a connection to ${uri} ended`, { cause });
  const fail = (cause?: unknown) => {
    ended = true;
    pending?.reject(endedError(cause));
    pending = undefined;
  };
  worker.on('error', fail);
  worker.on('exit', () => fail());
  worker.on('message', (message: Answer | Started) => {
    if (message.kind === 'started') {
      kernelThreadId = message.kernelThreadId;
      return;
    }
    const answered = pending;
    pending = undefined;
    if (answered) settle(answered, message);
  });

  return {
    call: (call) =>
      new Promise((resolve, reject) => {
        if (ended) {
          reject(endedError());
          return;
        }
        pending = { resolve, reject };
        worker.postMessage(call);
      }),
    alive: () => !ended,
    release() {
      Atomics.store(abandoned, 0, 1);
      // On a machine that is slow to start threads, those of several attempts would only hinder each other.
      if (ended || kernelThreadId === undefined || isReleasing) return;
      isReleasing = true;
      const releaser = startWorker('release-thread', { kernelThreadId });
      releaser.on('exit', () => {
        isReleasing = false;
      });
      // Where it cannot be done the call goes on hanging, which is what the caller expects by then.
      releaser.on('error', () => undefined);
    },
    async end() {
      await worker.terminate();
    },
  };
}
