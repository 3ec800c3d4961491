import type { LogicalType } from '../../model/logical-type.ts';
import { tableId } from '../../model/table-name.ts';
import type { ColumnPlan, TablePlan } from '../../model/table-plan.ts';
import type { PlannedLocally } from '../../workers/local.ts';
import { formatColumns, safeText } from './columns.ts';
import { formatBytes, formatCount } from './quantities.ts';

/** `decimal(12,2)`, `text`, `timestamptz(6)`, `native(postgresql point)`. */
// oxlint-disable-next-line consistent-return -- the switch is exhaustive
export function showLogicalType(type: LogicalType): string {
  switch (type.kind) {
    case 'int':
      return `${type.unsigned ? 'u' : ''}int${type.bits}`;
    case 'decimal':
      return type.precision === null ? 'decimal' : `decimal(${type.precision},${type.scale ?? 0})`;
    case 'text':
      return type.maxChars === null ? 'text' : `text(${type.maxChars})`;
    case 'bytes':
      return type.maxBytes === null ? 'bytes' : `bytes(${type.maxBytes})`;
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return `${type.kind}(${type.precision})`;
    case 'enum':
      return `enum of ${type.labels.length}`;
    case 'bits':
      return `${type.varying ? 'varbits' : 'bits'}(${type.length ?? 'any'})`;
    case 'native':
      return `native(${type.product} ${type.type})`;
    case 'float64':
    case 'float32':
    case 'boolean':
    case 'date':
    case 'interval':
    case 'json':
    case 'jsonb':
    case 'xml':
    case 'uuid':
    case 'any':
      return type.kind;
  }
}

const STRUCTURE = {
  create: 'is created',
  use: 'is there and is used as it is',
  replace: 'is dropped and created anew',
  missing: 'is MISSING, and structure.policy is verify',
} as const satisfies Record<PlannedLocally['structure'], string>;

const WRITE_EFFECT = {
  'fail-if-not-empty': 'must be empty',
  append: 'keeps its rows; new ones are added',
  truncate: 'is emptied first',
  upsert: 'keeps its rows; those with the same key are written over',
} as const satisfies Record<TablePlan['writeMode'], string>;

const columnRow = (column: ColumnPlan): readonly string[] => [
  `  ${column.source}${column.target === column.source ? '' : ` → ${column.target}`}`,
  column.sourceType,
  showLogicalType(column.logical),
  column.targetType,
  column.exact ? 'exact' : 'LOSSY',
  column.policy ?? 'error',
  column.note ?? '',
];

function order({ position, query }: TablePlan): string {
  if (position.kind === 'row-address') {
    if (query !== undefined) return 'as one range, in one held snapshot';
    return `without a key, by row address${position.needsSnapshot ? ' in one held snapshot' : ''}`;
  }
  return `by ${position.columns.join(', ')}`;
}

/** Statements below a title, those of several lines indented as a whole. */
function listed(title: string, items: readonly string[]): readonly string[] {
  if (items.length === 0) return [];
  const safe = (item: string): string => item.split('\n').map(safeText).join('\n      ');
  return [`  ${title}`, ...items.map((item) => `    ${safe(item)}`)];
}

function previewLines({ preview }: PlannedLocally): readonly string[] {
  if (!preview) return [];
  const ended = (text: string): string => (/^(?:ALTER|COMMENT|CREATE|DROP) /.test(text) ? `${text};` : text);
  return [
    ...(preview.notes ?? []).map((note) => `  ! ${safeText(note)}`),
    ...listed('statements at the target:', preview.statements.map(ended)),
    ...listed('after its rows:', preview.afterRows.map(ended)),
    ...listed('when the tables that it refers to are copied:', preview.foreignKeys.map(ended)),
    ...listed('left out of the structure, for a person to make:', preview.leftOut.map(ended)),
    ...listed('✗ REFUSED until this is mended:', preview.refusals),
  ];
}

function showTable({
  plan,
  structure,
  ranges,
  ...rest
}: PlannedLocally & { readonly plan: TablePlan }): string {
  const size = [
    plan.estimatedRows === null ? null : `about ${formatCount(plan.estimatedRows)} rows`,
    plan.estimatedBytes === null ? null : formatBytes(plan.estimatedBytes),
    ranges === null ? null : `${formatCount(ranges)} ranges`,
  ].filter((part) => part !== null);
  return [
    `${plan.id} → ${tableId(plan.target)}${size.length === 0 ? '' : `   ${size.join(', ')}`}`,
    `  target table ${STRUCTURE[structure]}; it ${WRITE_EFFECT[plan.writeMode]}`,
    `  read ${order(plan)}, as ${plan.encoding}${plan.where === null ? '' : `, where ${safeText(plan.where)}`}`,
    ...(plan.mostRows === undefined
      ? []
      : [`  only the first ${formatCount(plan.mostRows)} rows in that order`]),
    ...(plan.query === undefined ? [] : listed('the rows are those of:', [plan.query])),
    formatColumns(
      [
        { title: '  COLUMN' },
        { title: 'SOURCE' },
        { title: 'LOGICAL' },
        { title: 'TARGET' },
        { title: 'EXACT' },
        { title: 'POLICY' },
        { title: 'WHY' },
      ],
      plan.columns.map(columnRow),
    ),
    ...previewLines({ plan, structure, ranges, ...rest }),
  ].join('\n');
}

const refusalText = ({ table, refusal }: PlannedLocally): string => {
  const column = refusal?.details.column === undefined ? '' : `.${refusal.details.column}`;
  const mend = refusal?.details.suggestion === undefined ? '' : `\n    → ${refusal.details.suggestion}`;
  return `✗ ${table}${column}: ${refusal?.code} ${refusal?.message}${mend}`;
};

/** By the plan, or by what stands at the target. */
export const isRefused = ({ refusal, preview }: PlannedLocally): boolean =>
  refusal !== null || (preview?.refusals.length ?? 0) > 0;

export const isLossy = ({ plan }: PlannedLocally): boolean =>
  plan?.columns.some((column) => !column.exact) ?? false;

/** What a transfer would do, table by table, and what of it is not exact. */
export function showPlan(planned: readonly PlannedLocally[]): string {
  const lossy = planned.flatMap(({ plan }) => plan?.columns.filter((column) => !column.exact) ?? []).length;
  const refused = planned.filter(isRefused).length;
  const summary = [
    `${formatCount(planned.length)} tables`,
    lossy === 0 ? 'every column exact' : `${lossy} columns LOSSY`,
    ...(refused === 0 ? [] : [`${refused} tables refused`]),
  ];
  const tables = planned.map((each) =>
    each.plan ? showTable({ ...each, plan: each.plan }) : refusalText(each),
  );
  return `${tables.join('\n\n')}\n\n${summary.join(', ')}`;
}
