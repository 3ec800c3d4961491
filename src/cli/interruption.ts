import { EXIT, type ExitCode } from '../model/error-codes.ts';

/** Ctrl-C and its kin while a command waits for something that goes on without it. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Of the signal that came; null before. */
  exitCode(): ExitCode | null;
  /** Gives the signals back to whoever had them. */
  close(): void;
}

/** Listens for SIGINT and SIGTERM; a second one ends the process as ever. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  let code: ExitCode | null = null;
  const close = (): void => {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', terminated);
  };
  const end = (exit: ExitCode): void => {
    code = exit;
    close();
    controller.abort();
  };
  const interrupted = (): void => end(EXIT.interrupted);
  const terminated = (): void => end(EXIT.terminated);
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', terminated);
  return { signal: controller.signal, exitCode: () => code, close };
}
