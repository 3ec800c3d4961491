import type { Command } from 'commander';
import type { Environment } from '../catalog/variables.ts';
import { EXIT, type ExitCode } from '../model/error-codes.ts';
import { isSluiceError } from '../model/sluice-error.ts';
import { type Context, createContext } from './context.ts';
import { exitCodeOf, formatError } from './format-error.ts';
import { type GlobalOptions, outputFormat } from './global-options.ts';
import { createOutput, type Outcome, type OutputFormat, type Sink } from './output.ts';

/** What a command does: it answers, or throws one of our errors; `exit` where it is not 0. */
export type Action<Options> = (
  context: Context,
  args: readonly string[],
  options: Options,
) => Promise<Outcome & { readonly exit?: ExitCode }>;

/** Makes a commander action of ours. */
export type Run = <Options>(action: Action<Options>) => (...params: unknown[]) => Promise<void>;

export interface Surroundings {
  readonly environment: Environment;
  readonly folder: string;
  readonly out: Sink;
  readonly err: Sink;
}

/** Colours where a person reads: NO_COLOR and FORCE_COLOR as https://no-color.org and Node have them. */
export function wantsColor(options: GlobalOptions, { environment, err }: Surroundings): boolean {
  if (options.color === false || environment['NO_COLOR']) return false;
  return environment['FORCE_COLOR'] ? environment['FORCE_COLOR'] !== '0' : err.isTTY === true;
}

/** @param command  whose first argument is the transfer where it is called `name` */
async function explain(error: unknown, command: Command): Promise<unknown> {
  if (!(error instanceof Error) || isSluiceError(error)) return error;
  const [argument] = command.registeredArguments;
  const { explainTemporalError } = await import('./temporal/explain-error.ts');
  return explainTemporalError(
    error,
    argument?.name() === 'name' ? (command.processedArgs[0] as string | undefined) : undefined,
  );
}

/** @param finished  receives the exit code of the one command that runs */
export function createRun(surroundings: Surroundings, finished: (exit: ExitCode) => void): Run {
  return (action) =>
    async (...params) => {
      const command = params.at(-1) as Command;
      const options = command.optsWithGlobals<GlobalOptions>();
      const color = wantsColor(options, surroundings);
      let format: OutputFormat = 'text';
      try {
        format = outputFormat(options, surroundings.environment);
        const output = createOutput({ format, color, out: surroundings.out, err: surroundings.err });
        const context = createContext({ options, output, ...surroundings });
        const { exit, ...outcome } = await action(
          context,
          command.processedArgs as string[],
          options as never,
        );
        output.answer(outcome);
        finished(exit ?? EXIT.done);
      } catch (error) {
        const explained = await explain(error, command);
        surroundings.err.write(`${formatError(explained, { format, color })}\n`);
        finished(exitCodeOf(explained));
      }
    };
}
