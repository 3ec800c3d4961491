import type { Command } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { EXIT } from '../../src/model/error-codes.ts';
import { generatedFrom, table } from './table.ts';

const MEANS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'done; of `copy`, `start --wait` and `report`: every table is copied and, where it was compared, equal',
  failed:
    'the run failed or was cancelled; of `copy` and `start --wait` also: every table that is left waits for a person (`transfer.blocked`)',
  usage: 'the command line or the configuration is wrong',
  unreachable: 'a server, a database or a worker cannot be reached',
  limitReached:
    'the transfer ended because it reached one of its limits; what it had read is applied, and the next start goes on',
  findings: 'finished with findings: differences, skipped tables, lossy columns',
  timedOut: '`--timeout` is over; the transfer goes on',
  interrupted: 'Ctrl-C; the transfer goes on',
  terminated: 'SIGTERM; the transfer goes on',
};

const INTRODUCTION = `# The command line

\`sluice\` takes each setting from a flag, else from the environment, else from the configuration or the profile of the temporal
CLI, else from its default. Answers go to standard output, notes, progress and errors to standard error; with \`-o json\` (one
value) or \`-o jsonl\` (a line an item) nothing but the answer is on standard output. Everything that it does can also be done
with the [temporal CLI](../how-to/from-the-temporal-cli.md) or [scripts](../how-to/scripts.md).

The package also installs the command as \`temporal-sluice\`: temporal CLIs that know extensions then offer \`temporal sluice …\`.`;

const silent = { write: (): void => undefined };

function renderCommand(command: Command, path: string): string {
  const help = command.createHelp();
  const subcommands = help.visibleCommands(command).filter((each) => each.name() !== 'help');
  if (subcommands.length > 0)
    return subcommands.map((each) => renderCommand(each, `${path} ${each.name()}`)).join('\n\n');
  const args = command.registeredArguments.map(
    (argument) => [`\`${argument.name()}\``, help.argumentDescription(argument)] as const,
  );
  const described = args.filter(([, description]) => description !== '');
  const options = help
    .visibleOptions(command)
    .filter((option) => option.long !== '--help')
    .map((option) => [`\`${help.optionTerm(option)}\``, help.optionDescription(option)] as const);
  const usage = [path, ...command.registeredArguments.map((argument) => help.argumentTerm(argument))];
  const names = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  );
  const sentence = command.description();
  return [
    `### \`${[usage[0], ...names].join(' ')}\``,
    '',
    `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`,
    ...(described.length > 0 ? ['', table(['argument', ''], described)] : []),
    ...(options.length > 0 ? ['', table(['option', ''], options)] : []),
  ].join('\n');
}

/** docs/reference/cli.md */
export function renderCli(): string {
  const program = createProgram(() => async () => undefined, {
    environment: {},
    folder: '/',
    out: silent,
    err: silent,
  });
  const help = program.createHelp();
  const groups = new Map<string, Command[]>();
  for (const command of help.visibleCommands(program).filter((each) => each.name() !== 'help')) {
    const title = command.helpGroup();
    groups.set(title, [...(groups.get(title) ?? []), command]);
  }
  const options = help
    .visibleOptions(program)
    .map((option) => [`\`${help.optionTerm(option)}\``, help.optionDescription(option)] as const);
  return [
    generatedFrom('src/cli'),
    '',
    INTRODUCTION,
    '',
    '## Exit codes',
    '',
    table(
      ['code', 'means'],
      (Object.keys(EXIT) as (keyof typeof EXIT)[]).map((name) => [String(EXIT[name]), MEANS[name]]),
    ),
    '',
    '## Flags of every command',
    '',
    table(['flag', ''], options),
    ...[...groups].flatMap(([title, commands]) => [
      '',
      `## ${title.replace(/:$/, '')}`,
      '',
      commands.map((command) => renderCommand(command, `sluice ${command.name()}`)).join('\n\n'),
    ]),
    '',
  ].join('\n');
}
