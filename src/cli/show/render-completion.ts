import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command with its path below `sluice`: `schedule create`; empty for sluice itself. */
interface Node {
  readonly path: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly flags: readonly {
    readonly flag: string;
    readonly description: string;
    readonly values: readonly string[];
  }[];
}

function flagsOf(command: Command): Node['flags'] {
  return command.options
    .filter((option) => !option.hidden)
    .flatMap((option) =>
      [option.long, option.short]
        .filter((flag) => flag !== undefined)
        .map((flag) => ({ flag, description: option.description, values: option.argChoices ?? [] })),
    );
}

function nodesOf(command: Command, path: string): readonly Node[] {
  const subcommands = command.commands.map((each) => ({
    name: each.name(),
    description: each.description(),
  }));
  const below = command.commands.flatMap((each) => nodesOf(each, `${path} ${each.name()}`.trim()));
  return [{ path, subcommands, flags: flagsOf(command) }, ...below];
}

const words = (node: Node, root: Node): string =>
  [
    ...node.subcommands.map(({ name }) => name),
    ...node.flags.map(({ flag }) => flag),
    ...(node === root ? [] : root.flags.map(({ flag }) => flag)),
  ].join(' ');

/** The longest path of words before the cursor that is a command decides what may come. */
function bash(nodes: readonly Node[], root: Node): string {
  const cases = nodes.map((node) => `    "${node.path}") words="${words(node, root)}" ;;`).join('\n');
  const known = nodes.map(({ path }) => `"${path}"`).join('|');
  const choices = root.flags
    .filter(({ values }) => values.length > 0)
    .map(
      ({ flag, values }) =>
        `    ${flag}) COMPREPLY=($(compgen -W "${values.join(' ')}" -- "$current")); return ;;`,
    )
    .join('\n');
  return `# bash completion for sluice: source <(sluice completion bash)
_sluice() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" word
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${choices}
    -c|--config) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${known}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _sluice sluice
`;
}

const zsh = (nodes: readonly Node[], root: Node): string =>
  `#compdef sluice
# zsh completion for sluice: sluice completion zsh > "\${fpath[1]}/_sluice"
autoload -U +X bashcompinit && bashcompinit
${bash(nodes, root).split('\n').slice(1).join('\n')}`;

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function fish(nodes: readonly Node[], root: Node): string {
  const lines = nodes.flatMap((node) => {
    const seen = node.path.split(' ').filter((word) => word !== '');
    const below = node.subcommands.map(({ name }) => name).join(' ');
    const here = seen.map((word) => `__fish_seen_subcommand_from ${word}`);
    const notBelow = below === '' ? [] : [`not __fish_seen_subcommand_from ${below}`];
    const condition = [...here, ...notBelow].join('; and ') || 'true';
    const condition2 = here.join('; and ') || 'true';
    return [
      ...node.subcommands.map(
        ({ name, description }) =>
          `complete -c sluice -f -n ${quoted(condition)} -a ${name} -d ${quoted(description)}`,
      ),
      ...node.flags.map(({ flag, description, values }) => {
        const form = flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
        const given = values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : '';
        return `complete -c sluice -n ${quoted(node === root ? 'true' : condition2)} ${form}${given} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# fish completion for sluice: sluice completion fish > ~/.config/fish/completions/sluice.fish\n${lines.join('\n')}\n`;
}

/** The completion script of a shell, made from the commands themselves. Pure. */
export function renderCompletion(shell: Shell, program: Command): string {
  const nodes = nodesOf(program, '');
  const [root] = nodes as readonly [Node];
  return { bash, zsh, fish }[shell](nodes, root);
}
