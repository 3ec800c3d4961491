import { expect, test } from 'vitest';
import { capturedTypes } from '../../src/engine/changes/captured-types.ts';
import { netChanges } from '../../src/engine/changes/net-change.ts';
import { rawEvents } from '../../src/engine/changes/parse-events.ts';
import type { LogicalType } from '../../src/model/logical-type.ts';
import type { TablePlan } from '../../src/model/table-plan.ts';
import { cellsOf, never } from '../contract/test-tables.ts';
import { eventRows, payloadOf } from '../support/changes.ts';
import { describeWith } from '../support/servers.ts';
import { PRODUCT_PAIRS } from '../support/types/products.ts';
import { createTable, drawSamples, insertSamples, planOf, readLines } from '../support/types/round-trip.ts';

/** What a payload holds of a cell of a snapshot, where the product itself keeps its values otherwise. */
function recorded(text: string | null, planned: LogicalType, captured: LogicalType): string | null {
  if (text === null) return null;
  if (captured.kind === 'boolean' && planned.kind === 'int') return { '0': 'f', '1': 't' }[text] ?? text;
  return captured.kind === 'timestamptz' && planned.kind === 'native' ? `${text}+00` : text;
}

/** The row as it is written when it comes as a change. */
async function throughPayload(
  plan: TablePlan,
  captured: readonly LogicalType[],
  line: Buffer,
): Promise<Buffer> {
  const columns = plan.columns.map(({ source }, at) => ({ name: source, logical: captured[at]! }));
  const [cells = []] = cellsOf(line);
  const row = cells.map((text, at) => recorded(text, plan.columns[at]!.logical, captured[at]!));
  const events = eventRows([{ table: 1, operation: 'I', new: payloadOf(columns, row) }]);
  const { changes } = await netChanges(
    { tables: [{ number: 1, plan, parents: [], captured }] },
    rawEvents(events),
  );
  return changes[0]!.written[0]!.block.data;
}

describeWith(['postgres', 'mariadb'], 'values of every type come as changes as they come as rows:', () => {
  const seed = Number(process.env['SLUICE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

  test.each(PRODUCT_PAIRS)('%s', async (_, { from, to }) => {
    const [first, second] = await Promise.all([from.place(), to.place()]);
    try {
      const samples = drawSamples(from, seed);
      await first.execute(`${createTable(from)};\n${insertSamples(from, samples)}`);
      if (from === to) await second.execute(from.before);
      const [source, target] = await Promise.all([first.open(), second.open()]);
      const texts = from.samples.flatMap(({ native }, at) => (native && from !== to ? [`c${at}`] : []));
      const exclude = from.samples.flatMap(({ type }, at) => (type === 'geometry' ? [`c${at}`] : []));
      const planned = await planOf(
        { source, target },
        { read: { encoding: 'text-rows' }, texts, ...(from === to && { exclude }) },
      );
      const plan = { ...planned, targetKey: ['id'] };
      const [schema] = await source.introspector.describeTables([plan.source], never());
      const captured =
        capturedTypes(source.dialect, schema!, plan).captured ?? plan.columns.map(({ logical }) => logical);
      const lines = await readLines(source, plan, samples.length, new Map());
      const altered: string[] = [];
      for (const [id, line] of lines) {
        const made = await throughPayload(plan, captured, line);
        if (!made.equals(line))
          altered.push(`${samples[id - 1]?.type}: ${JSON.stringify(samples[id - 1]?.text.slice(0, 80))}`);
      }
      expect(altered, `with SLUICE_TEST_SEED=${seed}`).toEqual([]);
      expect(lines.size).toBeGreaterThan(samples.length / 2);
    } finally {
      await Promise.all([first.drop(), second.drop()]);
    }
  });
});
