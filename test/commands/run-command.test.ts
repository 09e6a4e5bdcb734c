// How commands are run: what comes back, and how they end when they take too long, are aborted, or lose the process that runs them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { PERMIT_VALID_MS } from '../../src/cluster/permit.js';
import { runCommand } from '../../workers/commands/run-command.js';
import { patience } from '../lab/patience.js';

const PATIENT = { timeoutMs: patience(60_000) };
const sh = (script: string, options: Parameters<typeof runCommand>[2] = PATIENT) => runCommand('sh', ['-c', script], options);

test('an exit code is an answer, whatever it is', async () => {
  expect(await sh('cat; echo "$GREETING"; echo no >&2; exit 39', { ...PATIENT, input: 'in', env: { GREETING: 'hello' } })).toEqual({
    exitCode: 39,
    stdout: 'inhello',
    stderr: 'no\n',
  });
});

test('commands speak English', async () => {
  expect((await sh('echo $LC_ALL')).stdout).toBe('C.UTF-8');
});

test('lines of standard error are told as they come', async () => {
  const lines: string[] = [];
  await sh(String.raw`printf '1%%\r2%%\nend' >&2`, { ...PATIENT, onStderr: (line) => lines.push(line) });
  expect(lines).toEqual(['1%', '2%', 'end']);
});

test('a program that is not there is named', async () => {
  await expect(runCommand('rapid-no-such-program', [], PATIENT)).rejects.toMatchObject({
    errorClass: 'environment_error',
    message: 'rapid-no-such-program is not installed here',
  });
});

test('a command that takes too long is ended, also when it does not want to, with what it has started', async () => {
  await expect(sh('trap "" TERM; sleep 600; sleep 600', { timeoutMs: 200 })).rejects.toMatchObject({
    errorClass: 'environment_error',
    message: expect.stringContaining('no answer'),
  });
});

test('one that tells how far it is has the time anew each time', async () => {
  const steps = Array.from({ length: 5 }, () => 'sleep 1; echo step >&2').join('; ');
  expect(await sh(steps, { timeoutMs: 4000, restartsWithOutput: true })).toMatchObject({ exitCode: 0 });
  await expect(sh(steps, { timeoutMs: 2000 })).rejects.toMatchObject({ errorClass: 'environment_error' });
});

test('one that is aborted is ended, and the reason thrown', async () => {
  const [abort, reason] = [new AbortController(), new Error('cancelled')];
  const options = { ...PATIENT, signal: abort.signal, onStderr: () => abort.abort(reason) };
  await expect(sh('echo begun >&2; sleep 600', options)).rejects.toBe(reason);
  await expect(sh('true', options)).rejects.toBe(reason);
});

test('one that changes something is started when it is permitted, and not otherwise', async () => {
  const events: string[] = [];
  const permit = async () => void events.push('permitted');
  expect(await sh('echo done; exit 3', { ...PATIENT, permit })).toMatchObject({ exitCode: 3, stdout: 'done' });
  expect(events).toEqual(['permitted']);
  const [refusal, onStderr] = [new Error('not permitted'), (line: string) => events.push(line)];
  await expect(sh('echo begun >&2', { ...PATIENT, onStderr, permit: () => Promise.reject(refusal) })).rejects.toBe(refusal);
  expect(events).toEqual(['permitted']);
});

test('one whose permit is too old when it is about to begin asks once more', async () => {
  const lines: string[] = [];
  let asked = 0;
  const permit = async () => {
    asked += 1;
    // As a process that stood still.
    if (asked === 1) await new Promise((resolve) => setTimeout(resolve, PERMIT_VALID_MS + 100));
    else throw new Error('another has gone on meanwhile');
  };
  const late = sh('echo begun >&2', { ...PATIENT, permit, onStderr: (line) => lines.push(line) });
  await expect(late).rejects.toThrow('another has gone on meanwhile');
  expect([asked, lines]).toEqual([2, []]);
});

test('one whose process is killed ends too', async () => {
  const module = new URL('../../workers/commands/run-command.ts', import.meta.url).pathname;
  const code = `import { runCommand } from '${module}';
    await runCommand('sh', ['-c', 'echo $$ >&2; exec sleep 600'], { timeoutMs: 600_000, onStderr: (line) => console.log(line) });`;
  const runner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [pid] = (await once(createInterface(runner.stdout), 'line')) as [string];
  expect(existsSync(`/proc/${pid}/exe`)).toBe(true);
  runner.kill('SIGKILL');
  await expect.poll(() => existsSync(`/proc/${pid}/exe`)).toBe(false);
});
