import { spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { maskText } from '../../catalog/mask.ts';
import type { Environment } from '../../catalog/variables.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { GlobalOptions } from '../global-options.ts';
import { type CopyFiles, logTail } from './copy-files.ts';

export interface WorkerRequest {
  readonly transfer: string;
  readonly taskQueue: string;
  readonly files: CopyFiles;
  readonly options: GlobalOptions;
  readonly environment: Environment;
  readonly folder: string;
}

/** Node's own flags and the script of this very command: the sources through tsx, or what was built from them. */
function thisCommand(): readonly string[] {
  const isSource = import.meta.url.endsWith('.ts');
  const script = fileURLToPath(new URL(isSource ? '../main.ts' : '../main.js', import.meta.url));
  return isSource ? ['--import', import.meta.resolve('tsx'), script] : [script];
}

const FLAGS = [
  ['--address', 'address'],
  ['--namespace', 'namespace'],
  ['--tls-ca-path', 'tlsCaPath'],
  ['--tls-cert-path', 'tlsCertPath'],
  ['--tls-key-path', 'tlsKeyPath'],
  ['--tls-server-name', 'tlsServerName'],
  ['--profile', 'profile'],
] as const;

const connectionArguments = (options: GlobalOptions): readonly string[] => [
  ...FLAGS.flatMap(([flag, key]) => (options[key] === undefined ? [] : [flag, options[key]])),
  ...(options.tls === undefined ? [] : [options.tls ? '--tls' : '--no-tls']),
];

/**
 * Starts the worker of one copy as a process and session of its own: Ctrl-C and a closed terminal do not reach it. It
 * ends with the transfer and removes the file with the URLs then.
 * @returns a signal that aborts with a SluiceError when the worker died before the transfer ended
 */
export function spawnWorker(request: WorkerRequest): AbortSignal {
  const died = new AbortController();
  const log = openSync(request.files.log, 'w', 0o600);
  const args = [
    ...thisCommand(),
    'worker',
    `--config=${request.files.config}`,
    `--task-queue=${request.taskQueue}`,
    `--exit-with=${request.transfer}`,
    '--remove-config',
    ...connectionArguments(request.options),
  ];
  // A key on the command line could be read by every user of the machine; the environment is the owner's.
  const apiKey = request.options.apiKey === undefined ? {} : { TEMPORAL_API_KEY: request.options.apiKey };
  try {
    const child = spawn(process.execPath, args, {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: request.folder,
      env: { ...request.environment, ...apiKey },
    });
    const fail = (how: string): void => {
      const tail = maskText(logTail(request.files.log));
      died.abort(
        new SluiceError(
          'temporal.no_worker',
          `the worker of the copy ${how}${tail === '' ? '' : `:\n${tail}`}`,
          {
            where: request.files.log,
            suggestion: 'the same command again goes on where it was',
          },
        ),
      );
    };
    child.once('error', () => fail('could not be started'));
    child.once('exit', (code, signal) => {
      if (code !== 0) fail(signal ? `was ended by ${signal}` : `ended with ${code}`);
    });
    if (child.pid !== undefined) writeFileSync(request.files.pid, String(child.pid), { mode: 0o600 });
    child.unref();
  } finally {
    closeSync(log);
  }
  return died.signal;
}
