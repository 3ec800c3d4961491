import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Observer } from '../engine/observer.ts';
import { PARKED_STATES } from '../model/quarantine.ts';

const TABLE = ['transfer', 'table'] as const;

const DRIFT_LABELS = {
  update: 'update-missing',
  insert: 'insert-existing',
  delete: 'delete-missing',
} as const;

/** What the worker counts, by transfer and table; names as docs/reference/metrics.md lists them. */
export function createMetrics() {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, labelNames: readonly string[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: readonly string[]) =>
    new Gauge({ name, help, labelNames, registers });
  const read = counter('sluice_snapshot_rows_total', 'Rows read and published, repeats included', TABLE);
  const published = counter('sluice_hub_published_batches_total', 'Batches published', TABLE);
  const publishedBytes = counter('sluice_hub_published_bytes_total', 'Bytes published', TABLE);
  const applied = counter('sluice_target_rows_total', 'Rows committed at the target', TABLE);
  const appliedBytes = counter('sluice_target_bytes_total', 'Bytes committed at the target', TABLE);
  const batches = counter('sluice_target_batches_total', 'Batches by outcome', [...TABLE, 'outcome']);
  const reopened = counter('sluice_lanes_reopened_total', 'Key ranges read again', [...TABLE, 'reason']);
  const duration = new Histogram({
    name: 'sluice_target_batch_duration_seconds',
    help: 'Time of one target transaction',
    labelNames: ['transfer'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
    registers,
  });
  const committed = gauge('sluice_target_last_commit_timestamp_seconds', 'Time of the last commit', [
    'transfer',
  ]);
  const window = gauge('sluice_publish_window_used_ratio', 'Share of the credit in use', TABLE);
  const writers = gauge('sluice_writers_used_ratio', 'Share of the writers at work', ['transfer']);
  const parked = gauge('sluice_quarantine_events', 'Refused changes that are set apart, when last sampled', [
    'transfer',
    'state',
  ]);
  const drift = counter(
    'sluice_drift_total',
    'Changes that found the target’s rows otherwise than they take for granted, and were applied',
    [...TABLE, 'kind'],
  );
  const observer = (transfer: string): Observer => ({
    published: (table, rows, bytes) => {
      read.inc({ transfer, table }, rows);
      published.inc({ transfer, table });
      publishedBytes.inc({ transfer, table }, bytes);
    },
    applied: (table, rows, bytes, seconds) => {
      applied.inc({ transfer, table }, rows);
      appliedBytes.inc({ transfer, table }, bytes);
      batches.inc({ transfer, table, outcome: 'applied' });
      duration.observe({ transfer }, seconds);
      committed.setToCurrentTime({ transfer });
    },
    notApplied: (table, outcome) => batches.inc({ transfer, table, outcome }),
    reopened: (table, reason) => reopened.inc({ transfer, table, reason }),
    drift: (table, kind, times) => drift.inc({ transfer, table, kind: DRIFT_LABELS[kind] }, times),
    window: (table, used) => window.set({ transfer, table }, used),
    parked: (counts) => {
      for (const state of PARKED_STATES) parked.set({ transfer, state }, counts[state] ?? 0);
    },
    writers: (busy, of) => writers.set({ transfer }, of === 0 ? 0 : busy / of),
  });
  return { registry, observer };
}
