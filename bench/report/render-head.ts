import { renderMachine } from './render-page.ts';
import type { Results } from './results-file.ts';

/** What a reader must know of the machine and the call. */
export const renderHead = ({ machine, command, measurements }: Results): string => {
  const loads = measurements.flatMap(({ load }) => load);
  const load = `- load ${Math.min(...loads).toFixed(1)}-${Math.max(...loads).toFixed(1)}`;
  return `${renderMachine(machine)}\n${load}\n\n\`\`\`\n${command}\n\`\`\``;
};
