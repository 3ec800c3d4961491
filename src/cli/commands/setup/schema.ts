import type { Command } from 'commander';
import { renderSchema } from '../../../catalog/render-schema.ts';
import { allSettings } from '../../connection/all-settings.ts';
import type { Run } from '../../run-command.ts';

/** `sluice schema` */
export function registerSchema(program: Command, run: Run): void {
  program
    .command('schema')
    .description('JSON schema of the configuration, for editors: sluice schema > sluice.schema.json')
    .action(
      run(async () => {
        const text = renderSchema(await allSettings());
        return { value: JSON.parse(text) as unknown, text: text.trimEnd() };
      }),
    );
}
