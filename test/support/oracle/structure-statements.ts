import { oracle } from '../../../src/databases/oracle/dialect.ts';
import { renderCatalog } from '../../../src/databases/oracle/sql/catalog-queries.ts';
import { renderFurthest, renderRestart, SEQUENCES } from '../../../src/databases/oracle/sql/sequence-sql.ts';
import * as sql from '../../../src/databases/oracle/sql/structure-sql.ts';
import { makingOf } from '../../../src/databases/oracle/structure/create-table.ts';
import { lackOf, lackOfKeys } from '../../../src/databases/oracle/structure/make-structure.ts';
import { wantedOf } from '../../../src/databases/oracle/structure/structure-steps.ts';
import type { TablePlan } from '../../../src/model/table-plan.ts';
import type { TableSchema } from '../../../src/model/table-schema.ts';
import { ordersTable, PEOPLE, peoplePlan, structuredPlan } from './shop.ts';

type Titled = readonly (readonly [string, string])[];

const naming = { limit: { bytes: 128 }, taken: new Set<string>() };

function madeOf(title: string, plan: TablePlan, source: TableSchema): Titled {
  const { needed, tried } = makingOf(plan, source);
  const lack = lackOf(plan, wantedOf(plan), { found: undefined, naming });
  const keys = lackOfKeys(plan, plan.foreignKeys ?? [], { found: undefined, naming });
  return [
    ...[...needed, ...tried].map((text, place) => [`${title}, made before: ${place}`, text] as const),
    ...[...lack.steps, ...keys.steps].flatMap(
      (step): Titled => [
        [`${title}, made after: ${step.kind} ${step.name}`, step.sql],
        ...(step.finds === null
          ? []
          : [[`${title}, what is in the way of ${step.name}`, step.finds] as const]),
      ],
    ),
  ];
}

/** All that is made of structures, and asked for it. */
export function structures(): Titled {
  const { STANDING, REFERRING, THERE, IDENTITIES, STATISTICS, DROP_GONE: _, ...rest } = sql;
  const asked = Object.entries({ STANDING, REFERRING, THERE, IDENTITIES, STATISTICS });
  const table = { schema: 'SHOP', name: 'people' };
  const rendered: Readonly<Record<keyof typeof rest, string>> = {
    renderLockChild: rest.renderLockChild(table, 30),
    renderRefers: rest.renderRefers(table, 'team'),
    renderTruncate: rest.renderTruncate(table),
    renderDelete: rest.renderDelete(table),
    renderDrop: rest.renderDrop(table),
    renderDropKey: rest.renderDropKey(table, 'people_team'),
    renderTaken: rest.renderTaken(table, ['a', 'b']).text,
    renderIdentity: rest.renderIdentity(table, 'id'),
  };
  const orders = ordersTable();
  const numbers = { schema: 'SHOP', name: 'NUMBERS' };
  return [
    ...[...asked, ...Object.entries(rendered)].map(([name, text]) => [`structure ${name}`, text] as const),
    ['sequences of the catalog', renderCatalog(SEQUENCES, [numbers]).text],
    ['where a sequence stands', renderFurthest(table, 'id', true)],
    ['where a falling sequence stands', renderFurthest(table, 'id', false)],
    ['a sequence goes on', renderRestart(numbers, 1026n)],
    ...madeOf('from PostgreSQL', peoplePlan(), PEOPLE),
    ...madeOf('from Oracle', structuredPlan(oracle, orders, orders.foreignKeys), orders),
  ];
}
