import type { ScheduleSummary } from '@temporalio/client';
import type { Command } from 'commander';
import type { Run } from '../../run-command.ts';
import { formatColumns } from '../../show/columns.ts';
import { formatTime } from '../../show/quantities.ts';
import { scheduleId } from '../../transfer/schedule-lines.ts';

const PREFIX = scheduleId('');

const valueOf = (summary: ScheduleSummary) => ({
  transfer: summary.scheduleId.slice(PREFIX.length),
  schedule: summary.scheduleId,
  paused: summary.state.paused,
  note: summary.state.note ?? null,
  next: summary.info.nextActionTimes[0]?.toISOString() ?? null,
  last: summary.info.recentActions.at(-1)?.takenAt.toISOString() ?? null,
});

/** `sluice schedule list` */
export function registerScheduleList(group: Command, run: Run): void {
  group
    .command('list')
    .description('schedules of transfers, with their last and next launch')
    .action(
      run(async (context) => {
        const client = await context.client();
        const found: ReturnType<typeof valueOf>[] = [];
        for await (const summary of client.schedule.list()) {
          if (summary.scheduleId.startsWith(PREFIX)) found.push(valueOf(summary));
        }
        found.sort((left, right) => left.transfer.localeCompare(right.transfer));
        const columns = [
          { title: 'TRANSFER' },
          { title: 'STATE' },
          { title: 'LAST' },
          { title: 'NEXT' },
          { title: 'NOTE' },
        ];
        const rows = found.map((each) => [
          each.transfer,
          each.paused ? 'paused' : 'active',
          each.last ? formatTime(each.last) : '-',
          each.next && !each.paused ? formatTime(each.next) : '-',
          each.note ?? '',
        ]);
        return {
          value: found,
          text:
            found.length === 0
              ? 'no schedules: sluice schedule create NAME --cron …'
              : formatColumns(columns, rows),
        };
      }),
    );
}
