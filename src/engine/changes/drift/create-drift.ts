import type { TableDrift } from '../../../model/drift.ts';
import type { CopiedUpTo, DriftRecord, TargetDrift } from '../../ports/target-drift.ts';
import type { RunStatement } from '../../quarantine/create-parking.ts';
import type { QuarantineSessions } from '../../quarantine/create-quarantine.ts';
import { type DriftDialect, driftSql, type NotedCopy } from './drift-sql.ts';

type Cells = readonly (string | null)[];

const copiedOf = (rows: readonly Cells[]): CopiedUpTo =>
  new Map(rows.map(([table, upto]) => [table ?? '', upto ?? '']));

const countsOf = ([table, ...counts]: Cells): TableDrift => {
  const [update = 0, insert = 0, gone = 0] = counts.map(Number);
  return { table: table ?? '', update, insert, delete: gone };
};

/** All of TargetDrift, on a transaction that the database has open. */
export function createTargetDrift(dialect: DriftDialect, run: RunStatement): TargetDrift {
  const text = driftSql(dialect);
  return {
    copied: async ({ transfer, run: number }) => copiedOf((await run(text.copied(transfer, number))).rows),
    async add(transfer, found) {
      if ((await run(text.add(transfer, found))).count === 0) await run(text.insertCounts(transfer, found));
    },
  };
}

/** What is noted is of this generation, or a newer one: who asks late changes nothing. */
function isNoted(rows: readonly Cells[], wanted: Pick<NotedCopy, 'table' | 'run' | 'generation'>): boolean {
  const [, run, generation] = rows.find(([table]) => table === wanted.table) ?? [];
  if (run === undefined || Number(run) < wanted.run) return false;
  return Number(run) > wanted.run || Number(generation) >= wanted.generation;
}

/** The record beside a ledger. Where no transfer with changes ever ran there is nothing, nor a table for it. */
export function createDriftRecord(dialect: DriftDialect, sessions: QuarantineSessions): DriftRecord {
  const text = driftSql(dialect);
  const reading = <T>(nothing: T, work: (run: RunStatement) => Promise<T>, signal: AbortSignal): Promise<T> =>
    sessions.read(
      async (run) => ((await run(dialect.there)).rows.length === 0 ? nothing : work(run)),
      signal,
    );
  return {
    copied: ({ transfer, run: number }, signal) =>
      reading<CopiedUpTo>(
        new Map(),
        async (run) => copiedOf((await run(text.copied(transfer, number))).rows),
        signal,
      ),
    async note({ transfer, run: number }, copies, lastEvent, signal) {
      const wanted = copies.map((each) => ({ ...each, run: number }));
      const missing = async (run: RunStatement) => {
        const { rows } = await run(text.noted(transfer));
        return wanted.filter((each) => !isNoted(rows, each));
      };
      if ((await reading([], missing, signal)).length === 0) return;
      const upto = await lastEvent();
      await sessions.write(async (run) => {
        await run(text.lockChanges(transfer));
        for (const each of await missing(run)) {
          const copy = { ...each, upto };
          if ((await run(text.note(transfer, copy))).count === 0) await run(text.insertNote(transfer, copy));
        }
      }, signal);
    },
    counts: (transfer, signal) =>
      reading<readonly TableDrift[]>(
        [],
        async (run) => (await run(text.counts(transfer))).rows.map(countsOf),
        signal,
      ),
  };
}
