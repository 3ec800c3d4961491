import type { Execution } from '../transfer/find-executions.ts';
import { type Column, formatColumns } from './columns.ts';
import { formatDuration, formatTime } from './quantities.ts';

const COLUMNS: readonly Column[] = [
  { title: 'TRANSFER' },
  { title: 'STATUS' },
  { title: 'PHASE' },
  { title: 'HEALTH' },
  { title: 'STARTED' },
  { title: 'TOOK', right: true },
];

const row = (execution: Execution, nowMs: number): readonly string[] => [
  execution.transfer,
  execution.status,
  execution.phase ?? '-',
  execution.health ?? '-',
  formatTime(execution.startedAt),
  formatDuration(
    (execution.endedAt ? Date.parse(execution.endedAt) : nowMs) - Date.parse(execution.startedAt),
  ),
];

export const showExecutions = (executions: readonly Execution[], nowMs: number): string =>
  executions.length === 0
    ? 'no transfer has run here yet: sluice start NAME'
    : formatColumns(
        COLUMNS,
        executions.map((execution) => row(execution, nowMs)),
      );
