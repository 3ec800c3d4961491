import { isUsualDouble, renderDouble } from '../../types/render-text.ts';
import { floatOf } from './recorded-value.ts';
import type { Subject } from './subject.ts';
import { rowNamed } from './user-sql.ts';

export type Which = 'NEW' | 'OLD';

/** A floating point number of a row that a trigger writes into a variable. */
interface Float {
  readonly column: string;
  readonly value: string;
  readonly variable: string;
}

/**
 * The text of an unusual number takes thousands of words, which the server would prepare with each row, and keep for each column in
 * each session: they stand in a trigger once, in a statement that a usual number never comes to.
 */
export const floatsIn = ({ payload }: Subject, rows: readonly Which[]): readonly Float[] =>
  rows.flatMap((which) =>
    payload.flatMap((column, at): Float[] => {
      const value = floatOf(column, rowNamed(which)(column.name));
      return value === null
        ? []
        : [{ column: column.name, value, variable: `sluice_${which.toLowerCase()}_f${at}` }];
    }),
  );

const TEXT = 'longtext CHARACTER SET utf8mb4';

export const declareFloats = (floats: readonly Float[]): readonly string[] =>
  floats.length === 0
    ? []
    : [
        ...floats.map(({ variable }) => `DECLARE ${variable} ${TEXT} DEFAULT 'null';`),
        'DECLARE sluice_is_odd boolean DEFAULT FALSE;',
        'DECLARE sluice_at int DEFAULT 0;',
        'DECLARE sluice_float double;',
        `DECLARE sluice_text ${TEXT};`,
      ];

const renderUsual = ({ value, variable }: Float): string => `IF ${value} IS NOT NULL THEN
IF ${isUsualDouble(value, '1e15')} THEN
SET ${variable} = CAST(${value} AS CHAR);
ELSE
SET ${variable} = NULL, sluice_is_odd = TRUE;
END IF;
END IF;`;

/** Statements that write the JSON of each into its variable. */
export function writeFloats(floats: readonly Float[]): readonly string[] {
  if (floats.length === 0) return [];
  const odd = floats.map(
    ({ value, variable }, at) => `WHEN ${at} THEN IF(${variable} IS NULL, ${value}, NULL)`,
  );
  const written = floats.map(({ variable }, at) => `WHEN ${at} THEN SET ${variable} = sluice_text;`);
  return [
    ...floats.map(renderUsual),
    `IF sluice_is_odd THEN
WHILE sluice_at < ${floats.length} DO
SET sluice_float = CASE sluice_at ${odd.join(' ')} END;
IF sluice_float IS NOT NULL THEN
SET sluice_text = ${renderDouble('sluice_float', '1e15')};
CASE sluice_at ${written.join(' ')} END CASE;
END IF;
SET sluice_at = sluice_at + 1;
END WHILE;
END IF;`,
  ];
}
