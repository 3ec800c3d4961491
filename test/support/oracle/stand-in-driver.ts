import type oracledb from 'oracledb';
import { Session } from '../../../src/databases/oracle/connections/session.ts';

type Cells = readonly (string | null)[];

/** What a server would answer: rows, or the error that it gives. */
export type Answer = (text: string, binds: Readonly<Record<string, unknown>>) => readonly Cells[] | Error;

/** An error as the driver makes it of the server's. */
export const oraError = (errorNum: number): Error =>
  Object.assign(new Error('as the server words it'), {
    errorNum,
    code: `ORA-${String(errorNum).padStart(5, '0')}`,
  });

/** A session whose driver answers from a list, and the statements that it was sent. */
export function standInSession(answer: Answer): {
  readonly session: Session;
  readonly sent: readonly string[];
} {
  const sent: string[] = [];
  const said = (text: string, binds: Readonly<Record<string, unknown>>) => {
    sent.push(text);
    const rows = answer(text, binds);
    if (rows instanceof Error) throw rows;
    return rows;
  };
  const connection = {
    oracleServerVersionString: '19.3.0.0.0',
    maxIdentifierLength: 128,
    isHealthy: () => true,
    close: async () => {},
    execute: async (text: string, binds: Record<string, unknown> = {}) => {
      const rows = said(text, binds);
      let unread = [...rows];
      const resultSet = {
        getRows: async () => {
          const all = unread;
          unread = [];
          return all;
        },
        close: async () => {},
      };
      return { rows, resultSet, rowsAffected: rows.length, outBinds: { result: Number(rows[0]?.[0] ?? 0) } };
    },
    executeMany: async (text: string, rows: unknown) => ({
      // A cell says how many rows a statement met; none: one.
      dmlRowCounts: said(text, { rows }).map(([count = null]) => Number(count ?? 1)),
    }),
  };
  return { session: new Session(connection as unknown as oracledb.Connection), sent };
}

/** What a server says of itself and of the settings that it was given. */
export const pinned =
  (changes: Readonly<Record<string, string>> = {}): Answer =>
  (text) => {
    const settings: Record<string, string> = { ...SETTINGS, ...changes };
    if (text.includes('NLS_SESSION_PARAMETERS')) return Object.entries(settings);
    return text.includes('USERENV') ? [['APP', 'SHOP', 'AL32UTF8']] : [];
  };

const SETTINGS = {
  NLS_LANGUAGE: 'AMERICAN',
  NLS_TERRITORY: 'AMERICA',
  NLS_NUMERIC_CHARACTERS: '.,',
  NLS_CALENDAR: 'GREGORIAN',
  NLS_DATE_LANGUAGE: 'AMERICAN',
  NLS_DATE_FORMAT: 'YYYY-MM-DD HH24:MI:SS',
  NLS_TIMESTAMP_FORMAT: 'YYYY-MM-DD HH24:MI:SS.FF',
  NLS_TIMESTAMP_TZ_FORMAT: 'YYYY-MM-DD HH24:MI:SS.FF TZH:TZM',
  NLS_SORT: 'BINARY',
  NLS_COMP: 'BINARY',
  NLS_LENGTH_SEMANTICS: 'BYTE',
  NLS_NCHAR_CONV_EXCP: 'TRUE',
  TIME_ZONE: '+00:00',
};
