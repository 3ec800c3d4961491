import { createMetrics } from '../../src/workers/metrics.ts';
import { generatedFrom, table } from './table.ts';

const INTRODUCTION = `# Metrics

A worker serves them at \`/metrics\` on 127.0.0.1 when it is started with \`--metrics-port\` (or \`SLUICE_METRICS_PORT\`), beside
\`/livez\` (the process answers) and \`/readyz\` (its workers poll Temporal). Units are in the names; counters count since the
process started, per process: sum them over all workers. Labels are names of transfers and tables, never keys or values.
Beside these there are Node's own (\`process_…\`, \`nodejs_…\`).`;

/** Half of an entry of prom-client that its types leave out. */
interface Labelled {
  readonly labelNames?: readonly string[];
}

/** docs/reference/metrics.md */
export async function renderMetrics(): Promise<string> {
  const { registry } = createMetrics();
  const all = await registry.getMetricsAsJSON();
  const ours = all.filter(({ name }) => name.startsWith('sluice_'));
  const rows = ours.map(({ name, type, help }) => {
    const { labelNames = [] } = registry.getSingleMetric(name) as Labelled;
    return [`\`${name}\``, String(type), labelNames.join(', '), help];
  });
  return [
    generatedFrom('src/workers/metrics.ts'),
    '',
    INTRODUCTION,
    '',
    table(['name', 'type', 'labels', ''], rows),
    '',
  ].join('\n');
}
