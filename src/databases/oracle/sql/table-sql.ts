import type { TablePlan } from '../../../model/table-plan.ts';
import { renderSelected, renderWhere } from './keys.ts';
import { list, qualified, type Statement } from './names.ts';

const EVERYTHING = { range: null, after: null } as const;

/** Rows that the plan selects of the source. */
export function renderCountSelected(plan: TablePlan): Statement {
  const { text, binds } = renderSelected(plan, null);
  return { text: `SELECT TO_CHAR(COUNT(*), 'TM9') FROM ${qualified(plan.source)}${text}`, binds };
}

export const renderCountTarget = (plan: TablePlan): string =>
  `SELECT TO_CHAR(COUNT(*), 'TM9') FROM ${qualified(plan.target)}`;

/** Per column of the source the rows that its policy gives another value. */
export function renderAltered(plan: TablePlan): Statement {
  const counts = plan.columns.map(
    ({ fit }) => `TO_CHAR(COUNT(CASE WHEN ${fit?.altered ?? '1 = 0'} THEN 1 END), 'TM9')`,
  );
  const { text, binds } = renderWhere(plan, 'source', EVERYTHING);
  return { text: `SELECT ${list(counts)} FROM ${qualified(plan.source)}${text}`, binds };
}

/**
 * How many rows there are, and the newest change of any block: exact for a table that stands still, and grows with every
 * committed change. Reads the whole table, as nothing cheaper is up to date.
 */
export const renderMarker = (plan: TablePlan): string =>
  `SELECT TO_CHAR(COUNT(*), 'TM9'), TO_CHAR(MAX(ORA_ROWSCN), 'TM9') FROM ${qualified(plan.source)}`;

export const renderHasRows = (plan: TablePlan): string =>
  `SELECT CASE WHEN EXISTS (SELECT 1 FROM ${qualified(plan.target)}) THEN '1' ELSE '0' END FROM DUAL`;
