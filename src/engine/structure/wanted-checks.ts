import type { TablePlan } from '../../model/table-plan.ts';
import type { CheckSchema } from '../../model/table-schema.ts';
import { isClosedSql } from './is-closed-sql.ts';
import { columnsByName, renameExpression } from './rename.ts';
import { translateCondition } from './translate-expression.ts';
import { type IndexRules, renamer, withReason } from './wanted-indexes.ts';

export interface WantedChecks {
  /** In names of the target; `definition` is in its words. */
  readonly checks: readonly CheckSchema[];
  /** SQL of the source with the reason. */
  readonly leftOut: readonly string[];
}

/** The checks of the source as they are to be at the target: the words themselves, or what means the same in others. */
export function wantedChecks(
  plan: TablePlan,
  rules: Pick<IndexRules, 'product' | 'style' | 'words'>,
): WantedChecks {
  const { structure: source } = plan;
  if (!source) return { checks: [], leftOut: [] };
  const columns = columnsByName(plan);
  const rename = renamer(source, columns, rules);
  const checks: CheckSchema[] = [];
  const leftOut: string[] = [];
  const leave = (check: CheckSchema, why: string): void =>
    void leftOut.push(withReason(`${rules.words.quote(check.name)} ${check.definition}`, why));
  for (const check of source.checks) {
    const { expression } = check;
    const neutral = expression?.neutral ? renameExpression(expression.neutral, columns) : null;
    if (source.product === rules.product) {
      const definition = rename(check.definition);
      const sql = expression && rename(expression.sql);
      if (!isClosedSql(check.definition, rules.style))
        leave(check, 'its words could end elsewhere than they seem');
      else if (definition === null) leave(check, 'not all of its columns are copied');
      else checks.push({ ...check, definition, expression: expression && { sql: sql ?? '', neutral } });
      continue;
    }
    const said = translateCondition(expression?.neutral ?? null, rules.words, columns);
    if (said === null) leave(check, 'it could mean something else here');
    else checks.push({ ...check, definition: `CHECK (${said})`, expression: { sql: said, neutral } });
  }
  return { checks, leftOut };
}
