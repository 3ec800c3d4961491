import { describe, expect, test } from 'vitest';
import { createInitialLoad } from '../../src/databases/oracle/capture/loads/initial-load.ts';
import { orderedColumns } from '../../src/databases/oracle/capture/loads/load-position.ts';
import { renderInstalled } from '../../src/databases/oracle/capture/sql/install-sql.ts';
import {
  renderBeginLoadAgain,
  renderEndLoad,
  renderInsertLoad,
  renderLockLoad,
  renderStorePosition,
} from '../../src/databases/oracle/capture/sql/loads-sql.ts';
import { loadDefinition } from '../../src/engine/capture/loads/load-columns.ts';
import type { WantedLoad } from '../../src/engine/ports/initial-load.ts';
import { never } from '../contract/test-tables.ts';
import { captured, chunkOfEveryType, LOADED, wantedLoad } from '../support/oracle/captured.ts';
import { standInPool } from '../support/oracle/parking-statements.ts';
import { type Answer, oraError } from '../support/oracle/stand-in-driver.ts';

const WANTED = wantedLoad(LOADED['plain']!);
const definitionOf = (wanted: WantedLoad): string => loadDefinition(wanted, orderedColumns(wanted));

interface Stored {
  readonly generation?: string;
  readonly position?: string | null;
  readonly isDone?: '0' | '1';
  readonly definition?: string;
}

/** A server with a load; null: with none. */
const serverWith = (
  stored: Stored | null,
  chunk: readonly (readonly [string])[] | Error = [['2']],
): Answer => {
  const cells =
    stored === null
      ? []
      : [
          [
            stored.generation ?? '1',
            stored.position ?? null,
            stored.isDone ?? '0',
            stored.definition ?? definitionOf(WANTED),
          ],
        ];
  return (text) => {
    if (text === renderInstalled(captured)) return [['id', '2', '0', '0']];
    if (text === renderLockLoad(captured)) return cells;
    if (text.startsWith('DECLARE')) return chunk;
    return text.includes('ROWNUM') && stored?.position !== '["7"]' ? [['9']] : [];
  };
};

/** Opens the load and takes its next chunk. */
async function chunkOf(answer: Answer, wanted = WANTED) {
  const { pool, sent } = standInPool(answer);
  const load = await createInitialLoad(pool, captured).open(wanted, never());
  const from = sent.length;
  const chunk = await load.next(2, never());
  return { chunk, opened: sent.slice(0, from), sent: sent.slice(from) };
}

const opening = async (stored: Stored | null, wanted = WANTED): Promise<readonly string[]> =>
  (await chunkOf(serverWith(stored), wanted)).opened;

describe('a load', () => {
  test('writes a chunk and how far it is in one transaction, behind the lock of the load', async () => {
    const { chunk, sent } = await chunkOf(serverWith({}));
    expect(chunk).toMatchObject({ state: 'more', rows: 2 });
    expect(sent[0]).toBe(renderLockLoad(captured));
    expect(sent[1]).toContain('ROWNUM');
    expect(sent[2]).toMatch(/^DECLARE[^]*FOR UPDATE NOWAIT/);
    expect(sent.slice(3)).toEqual([renderStorePosition(captured), 'COMMIT WRITE IMMEDIATE WAIT']);
  });

  test('is done with the chunk behind which there is no row', async () => {
    const { chunk, sent } = await chunkOf(serverWith({ position: '["7"]' }));
    expect(chunk).toMatchObject({ state: 'done', rows: 2 });
    expect(sent.slice(-2)).toEqual([renderEndLoad(captured), 'COMMIT WRITE IMMEDIATE WAIT']);
  });

  test.each([
    ['done', { isDone: '1' }],
    ['superseded', { generation: '2' }],
    ['superseded', null],
  ] as const)('that is %s writes nothing', async (state, stored) => {
    const { chunk, sent } = await chunkOf(serverWith(stored));
    expect(chunk).toMatchObject({ state, rows: 0 });
    expect(sent.filter((text) => /^(DECLARE|UPDATE)/.test(text))).toEqual([]);
  });

  test.each([54, 30_006, 60])('waits for nobody who holds a row: ORA-%d', async (code) => {
    const { chunk, sent } = await chunkOf(serverWith({}, oraError(code)));
    expect(chunk).toEqual({ state: 'held', rows: 0 });
    expect(sent.at(-1)).toBe('ROLLBACK');
    expect(sent.filter((text) => text.startsWith('UPDATE'))).toEqual([]);
  });

  test('says that a condition fails on a row, and which right is missing', async () => {
    await expect(chunkOf(serverWith({}, oraError(1476)))).rejects.toMatchObject({
      code: 'capture.table_unsupported',
      details: { vendorCode: 'ORA-01476' },
    });
  });

  test('is made known where it is not', async () => {
    const opened = await opening(null);
    expect(opened).toContain(renderInsertLoad(captured));
  });

  test.each([
    ['of a later generation', {}, { generation: 2 }],
    ['of another order', {}, { order: [{ column: 'ID', descending: true }] }],
  ])('%s begins at the first row again', async (_, stored, changes) => {
    expect(await opening(stored, { ...WANTED, ...changes })).toContain(renderBeginLoadAgain(captured));
  });

  test.each([
    ['the same', {}],
    ['one that is done, be its condition another one', { isDone: '1', definition: 'other' }],
    ['a later generation', { generation: '2', definition: 'other' }],
  ] as const)('goes on, or stays, where there is %s', async (_, stored) => {
    expect(await opening(stored)).not.toContain(renderBeginLoadAgain(captured));
  });
});

describe('the block of a chunk', () => {
  test('reads rows by their address behind the lock, within the chunk', () => {
    const text = chunkOfEveryType();
    const [, locked = ''] =
      /BULK COLLECT INTO LOCKED FROM "SHOP"\."ORDERS" N WHERE (.*) ORDER BY/.exec(text) ?? [];
    expect(locked).not.toBe('');
    expect(text).toContain(`N.ROWID = SLUICE_ADDRESS AND ${locked}) LOOP`);
  });
});

describe('an order', () => {
  const by = (type: string) => () =>
    orderedColumns(wantedLoad({ columns: [{ name: 'ID', type }], key: ['ID'] }));

  test.each(['NUMBER', 'VARCHAR2(4000)', 'NVARCHAR2(800)', 'RAW(2000)', 'DATE', 'TIMESTAMP(9)'])(
    'may have a column of %s',
    (type) => {
      expect(by(type)).not.toThrow();
    },
  );

  test.each(['BINARY_DOUBLE', 'NVARCHAR2(801)', 'VARCHAR2(32767)', 'INTERVAL YEAR(2) TO MONTH'])(
    'has none of %s, of which nobody can say where it stands',
    (type) => {
      expect(by(type)).toThrow(expect.objectContaining({ code: 'capture.key_needed' }));
    },
  );
});
