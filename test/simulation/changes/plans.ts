import { CHANGES } from '../../../src/model/changes-plan.ts';
import type { ColumnPlan, TablePlan } from '../../../src/model/table-plan.ts';

const column = (name: string, logical: ColumnPlan['logical']): ColumnPlan => ({
  source: name,
  target: name,
  sourceType: logical.kind,
  targetType: logical.kind,
  logical,
  select: `"${name}"`,
  load: null,
  renderSource: `"${name}"`,
  renderTarget: `"${name}"`,
  nullable: false,
  exact: true,
  note: null,
});

const POSITION = { columns: [], types: [], sameOrder: false, needsSnapshot: false } as const;

export const tableOf = (number: number): TablePlan => ({
  id: `main.t${number}`,
  ordinal: number,
  source: { schema: 'main', name: `t${number}` },
  target: { schema: 'main', name: `t${number}` },
  encoding: 'text-rows',
  columns: [column('id', { kind: 'int', bits: 32 }), column('v', { kind: 'text', maxChars: null })],
  position: { ...POSITION, kind: 'key', columns: ['id'], types: ['int'] },
  targetKey: ['id'],
  where: null,
  writeMode: 'upsert',
  estimatedRows: null,
  estimatedBytes: null,
});

/** What the ledger of a run has of its changes. */
export const changesOf = (numbers: readonly number[]): TablePlan => ({
  id: CHANGES,
  ordinal: 9,
  source: { schema: '', name: CHANGES },
  target: { schema: '', name: CHANGES },
  encoding: 'event-rows',
  columns: [],
  position: { ...POSITION, kind: 'row-address' },
  targetKey: [],
  where: null,
  writeMode: 'append',
  estimatedRows: null,
  estimatedBytes: null,
  changes: { tables: numbers.map((number) => ({ number, plan: tableOf(number), parents: [] })) },
});
