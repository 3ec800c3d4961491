import type { Command } from 'commander';
import type { Run } from '../../run-command.ts';
import { packageVersion } from '../../version.ts';

/** `sluice version` */
export function registerVersion(program: Command, run: Run): void {
  program
    .command('version')
    .description('versions of Sluice and Node')
    .action(
      run(() => {
        const value = {
          sluice: packageVersion(),
          node: process.versions.node,
          platform: `${process.platform}-${process.arch}`,
        };
        return Promise.resolve({
          value,
          text: `sluice ${value.sluice}, node ${value.node}, ${value.platform}`,
        });
      }),
    );
}
