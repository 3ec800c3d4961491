import type { PlainSession } from '../../../../engine/capture/parking/parked-tables.ts';
import type { Session } from '../../connections/session.ts';
import type { Statement } from '../../sql/names.ts';

export interface ParkingSession extends PlainSession {
  readonly session: Session;
}

/** Lists of ids, and limits, stay as they are; then texts, quoted names, numbers. */
const VALUES = /\bIN \([\d, ]+\)|\bFETCH FIRST \d+|'((?:[^']|'')*)'|"[^"]*"|\b\d+\b/g;

/**
 * The statements that are the same for every database have their values within them. Here they become binds: a text of a statement that the server
 * has seen is not parsed again, and no text that is longer than 4,000 bytes stands in it.
 */
export function boundStatement(sql: string): Statement {
  const binds: Record<string, string | null> = {};
  const bind = (value: string | null): string => {
    const name = `v${Object.keys(binds).length}`;
    binds[name] = value;
    return `:${name}`;
  };
  const text = sql.replaceAll(VALUES, (found, quoted: string | undefined) => {
    if (quoted !== undefined) return bind(quoted === '' ? null : quoted.replaceAll("''", "'"));
    return /^\d/.test(found) ? `TO_NUMBER(${bind(found)})` : found;
  });
  return { text, binds };
}

/** A session as statements that are the same for every database need it. */
export const plain = (session: Session): ParkingSession => ({
  session,
  rows: async (sql) => (await session.run(boundStatement(sql))).rows,
  run: async (sql) => (await session.run(boundStatement(sql))).count,
});
