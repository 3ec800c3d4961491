import { Command } from 'commander';
import { registerCapture } from './commands/capture/capture.ts';
import { registerConnection } from './commands/connection/connection.ts';
import { registerDiscover } from './commands/connection/discover.ts';
import { registerErrors } from './commands/errors/errors.ts';
import { registerList } from './commands/look/list.ts';
import { registerDescribe, registerReport } from './commands/look/report.ts';
import { registerPlan } from './commands/look/plan.ts';
import { registerStatus } from './commands/look/status.ts';
import { registerVerify } from './commands/look/verify.ts';
import { registerCancel } from './commands/run/cancel.ts';
import { registerCutOver, registerPause, registerResume, registerStop } from './commands/run/control.ts';
import { registerCopy } from './commands/run/copy.ts';
import { registerSettings } from './commands/run/settings.ts';
import { registerStart } from './commands/run/start.ts';
import { registerScheduleControl } from './commands/schedule/control.ts';
import { registerScheduleCreate } from './commands/schedule/create.ts';
import { registerScheduleList } from './commands/schedule/list.ts';
import { registerCompletion } from './commands/setup/completion.ts';
import { registerDoctor } from './commands/setup/doctor.ts';
import { registerSchema } from './commands/setup/schema.ts';
import { registerValidate } from './commands/setup/validate.ts';
import { registerVersion } from './commands/setup/version.ts';
import { registerUp, registerWorker } from './commands/setup/worker.ts';
import { registerTable } from './commands/table/table.ts';
import { addGlobalOptions } from './global-options.ts';
import type { Run, Surroundings } from './run-command.ts';

const EXIT_CODES = `
Exit codes: 0 done · 1 run failed · 2 usage or configuration · 3 environment not reachable
            4 finished with findings · 124 wait time-out · 130/143 signal`;

function registerSchedule(program: Command, run: Run): void {
  const group = program.command('schedule').description('launch transfers at times, by Temporal schedules');
  registerScheduleCreate(group, run);
  registerScheduleList(group, run);
  registerScheduleControl(group, run);
}

/** In the order of the help. */
const GROUPS: readonly (readonly [string, readonly ((program: Command, run: Run) => void)[]])[] = [
  [
    'Run',
    [
      registerCopy,
      registerStart,
      registerPause,
      registerResume,
      registerStop,
      registerCutOver,
      registerCancel,
      registerSettings,
      registerTable,
      registerSchedule,
    ],
  ],
  [
    'Look',
    [
      registerStatus,
      registerList,
      registerDescribe,
      registerReport,
      registerPlan,
      registerVerify,
      registerErrors,
    ],
  ],
  [
    'Prepare',
    [registerValidate, registerSchema, registerConnection, registerDiscover, registerCapture, registerDoctor],
  ],
  ['Serve', [registerUp, registerWorker]],
  ['Other', [registerCompletion, registerVersion]],
];

/** The command line as a tree; nothing of it runs before it is parsed. */
export function createProgram(run: Run, { out, err }: Surroundings): Command {
  const program = new Command('sluice')
    .description('Moves tables from one database to another through a durable event hub, run by Temporal.')
    .configureOutput({ writeOut: (text) => void out.write(text), writeErr: (text) => void err.write(text) })
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true)
    .addHelpText('after', EXIT_CODES)
    .exitOverride();
  addGlobalOptions(program);
  for (const [title, registrations] of GROUPS) {
    program.commandsGroup(`${title}:`);
    for (const register of registrations) register(program, run);
  }
  return program;
}
