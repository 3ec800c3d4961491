import { type Logger, pino } from 'pino';
import { maskText } from '../catalog/mask.ts';

export type { Logger };

/**
 * The process's log: JSON lines on stderr, so that stdout stays free. Known secrets are replaced wherever they stand
 * (invariant 1); `secrets` is asked for each line, since connections resolve them later.
 */
export function createLogger(level: string, secrets: () => readonly string[]): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: (line) => maskText(line, secrets()) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
