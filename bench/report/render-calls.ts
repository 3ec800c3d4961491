import { renderMachine } from './render-page.ts';
import type { Results } from './results-file.ts';

/** What a reader must know of the machine and the call. */
const renderHead = ({ machine, command, measurements }: Results): string => {
  const loads = measurements.flatMap(({ load }) => load);
  const load = `- load ${Math.min(...loads).toFixed(1)}-${Math.max(...loads).toFixed(1)}`;
  return `${renderMachine(machine)}\n${load}\n\n\`\`\`\n${command}\n\`\`\``;
};

/** What calls measured, each behind its head, and at the end how. @param tables  of one call; empty ones are left out */
export const renderCalls = (
  all: readonly Results[],
  tables: (results: Results) => readonly string[],
  how: string,
): string =>
  all
    .flatMap((results) => [renderHead(results), ...tables(results)])
    .filter((part) => part !== '')
    .concat(how)
    .join('\n\n');
