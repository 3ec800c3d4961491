import { Argument, type Command } from 'commander';
import type { Run } from '../../run-command.ts';
import { renderCompletion, type Shell, SHELLS } from '../../show/render-completion.ts';

/** `sluice completion bash|zsh|fish` */
export function registerCompletion(program: Command, run: Run): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices([...SHELLS]))
    .description('completion script of a shell, to be sourced')
    .action(
      run((_, [shell = 'bash']) => {
        const script = renderCompletion(shell as Shell, program);
        return Promise.resolve({ value: { shell, script }, text: script.trimEnd() });
      }),
    );
}
