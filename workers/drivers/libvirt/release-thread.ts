// A thread that lives for a moment: it shuts the sockets that another thread's call hangs on, so that the call fails and the
// other thread can end. It is a thread because koffi is loaded in threads only.
import { workerData } from 'node:worker_threads';
import { socketsWaitedFor } from './hanging-call.js';
import { shutSocket } from './kernel-calls.js';

const { kernelThreadId }: { kernelThreadId: number } = workerData;
for (const fd of socketsWaitedFor(kernelThreadId)) shutSocket(fd);
