import { setTimeout as wait } from 'node:timers/promises';
import { loadColumns, loadDefinition } from '../../../../engine/capture/loads/load-columns.ts';
import { writeChunk } from '../../../../engine/capture/loads/write-chunk.ts';
import type { InitialLoad, LoadedChunk, WantedLoad } from '../../../../engine/ports/initial-load.ts';
import { SluiceError } from '../../../../model/sluice-error.ts';
import { tableId } from '../../../../model/table-name.ts';
import { reading, type Session, writing } from '../../connections/session.ts';
import { readState } from '../captured-state.ts';
import { highestId } from '../lanes.ts';
import type { CaptureFile } from '../trigger-manager.ts';
import { checkExpression } from '../triggers/check-expression.ts';
import { triggerSource } from '../triggers/trigger-source.ts';
import { type LoadSource, renderBound, renderChunk, renderUnordered } from './load-statements.ts';
import { beginLoad, hasLoads, readLoad, readLoads, storeLoad } from './stored-load.ts';

/** The file is left to others for so many times as long as a chunk held it: they try again now and then, and not in turn. */
const REST = 2;
const LONGEST_REST_MS = 200;

async function check({ pool }: CaptureFile, wanted: WantedLoad, signal: AbortSignal): Promise<void> {
  const { table, where } = wanted;
  loadColumns(wanted);
  if (where === null) return;
  await pool.query(
    (thread) => checkExpression(where, { table, what: 'the condition init.where' }, { thread, signal }),
    signal,
  );
}

/** As the table is captured now: its layout may be another one with every deployment. */
async function loadSource(session: Session, prefix: string, wanted: WantedLoad): Promise<LoadSource> {
  const { table, captured, where } = wanted;
  const state = await readState(session, prefix);
  const stored = state.tables.find(({ number }) => number === captured.number);
  const facts = state.facts.get(table.table.name);
  if (stored === undefined || facts === undefined)
    throw new SluiceError('capture.not_deployed', `${tableId(table.table)} is not captured`, {
      table: tableId(table.table),
    });
  const { number, layout, spec } = stored;
  const source = triggerSource({ table, spec }, facts, { prefix, number, layout });
  return { source, columns: loadColumns(wanted), where };
}

async function refuseUnordered(session: Session, load: LoadSource, wanted: WantedLoad): Promise<void> {
  if ((await session.rows(renderUnordered(load))).length === 0) return;
  const table = tableId(wanted.table.table);
  throw new SluiceError(
    'capture.key_needed',
    `existing rows of ${table} cannot be loaded: the primary key of some is NULL`,
    { table },
  );
}

/** Nobody else writes while this runs. */
async function writeNext(
  session: Session,
  prefix: string,
  { wanted, rows }: { readonly wanted: WantedLoad; readonly rows: number },
): Promise<LoadedChunk> {
  let loading: Promise<LoadSource> | undefined;
  const source = (): Promise<LoadSource> => (loading ??= loadSource(session, prefix, wanted));
  const { state, rows: events } = await writeChunk(wanted, {
    stored: () => readLoad(session, prefix, wanted),
    bound: async (after) => {
      const [bound] = await session.rows(renderBound(await source(), after, rows));
      return bound === undefined ? null : bound.map(String);
    },
    write: async ({ after, upto }) => {
      const chunk = renderChunk(await source(), after, upto);
      const written = await session.run(chunk.events);
      if (written > 0) await session.run(chunk.rows(written, await highestId(session, prefix)));
      return written;
    },
    store: (chunk) => storeLoad(session, prefix, wanted, chunk),
  });
  return { state, rows: events };
}

/** See InitialLoad. Who writes has the file for himself, so nobody holds rows; others wait for a chunk as for any writer. */
export function createInitialLoad(file: CaptureFile): InitialLoad {
  const { pool, prefix } = file;
  return {
    check: (wanted, signal) => check(file, wanted, signal),
    async open(wanted, signal) {
      await check(file, wanted, signal);
      await writing(pool, signal, async (session) => {
        if (!(await hasLoads(session, prefix)))
          throw new SluiceError(
            'capture.not_installed',
            'the capture of this file is of an earlier version, or none',
          );
        const load = await loadSource(session, prefix, wanted);
        await refuseUnordered(session, load, wanted);
        await beginLoad(session, prefix, wanted, loadDefinition(wanted, load.columns));
      });
      return {
        async next(rows, stop) {
          let tookMs = 0;
          const chunk = await writing(pool, stop, async (session) => {
            const beganMs = performance.now();
            const written = await writeNext(session, prefix, { wanted, rows });
            tookMs = performance.now() - beganMs;
            return written;
          });
          if (chunk.state === 'more') await wait(Math.min(REST * tookMs, LONGEST_REST_MS));
          return { ...chunk, tookMs };
        },
      };
    },
    progress: (transfer, signal) =>
      reading(pool, signal, async (session) =>
        (await hasLoads(session, prefix)) ? readLoads(session, prefix, transfer) : [],
      ),
  };
}
