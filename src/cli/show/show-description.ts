import { stringify } from 'yaml';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { Execution } from '../transfer/find-executions.ts';
import { showExecutions } from './show-executions.ts';

export interface Description {
  readonly name: string;
  readonly spec: TransferSpec | null;
  /** Of the configuration; null where there is none. */
  readonly path: string | null;
  readonly runs: readonly Execution[];
}

/** A transfer as it is configured here, and its executions. */
export function showDescription({ name, spec, path, runs }: Description, nowMs: number): string {
  const configured = spec
    ? `${name} in ${path}:\n${stringify(spec).trimEnd().replaceAll(/^/gm, '  ')}`
    : `${name} is not in ${path ?? 'a configuration here'}`;
  const queues = [...new Set(runs.map((run) => run.taskQueue))].join(', ');
  const history = runs.length === 0 ? 'it never ran' : showExecutions(runs, nowMs);
  return [configured, '', ...(queues === '' ? [] : [`task queue ${queues}`]), history].join('\n');
}
