/** The thread's entry: one SQLite connection, one operation at a time. better-sqlite3 blocks, so it lives here only. */
import { parentPort } from 'node:worker_threads';
import BetterSqlite from 'better-sqlite3';
import { checksum, countAltered } from './checksum.ts';
import { describeQuery } from './describe-query.ts';
import { bucketSums, rowDigests, rowsAt } from './inspect-rows.ts';
import { type Cursor, openCursor } from './cursor.ts';
import { freeEvents } from './events/free-events.ts';
import { measureEvents } from './events/measure-events.ts';
import { readEvents } from './events/read-events.ts';
import { insertRows } from './insert-rows.ts';
import type {
  OpenRequest,
  Operations,
  OperationName,
  Statement,
  ThreadReply,
  ThreadRequest,
} from './operations.ts';
import { registerOrder } from '../values/order-key.ts';
import { cutRanges } from './ranges.ts';
import { schemaVersion } from './row-address.ts';
import { rawStatement } from './row-source.ts';
import { safeError } from './safe-error.ts';

type Handlers = {
  readonly [K in OperationName]: (
    input: Operations[K]['input'],
  ) => Operations[K]['answer'] | Promise<Operations[K]['answer']>;
};

let connection: BetterSqlite.Database | null = null;
let cursor: Cursor | null = null;

const database = (): BetterSqlite.Database => {
  if (connection === null) throw new Error('the thread has no open database');
  return connection;
};

/** Settings of the connection only: nothing here is written into the file (invariant 10). */
function openFile({ path, mode, busyTimeoutMs }: OpenRequest): null {
  const opened = new BetterSqlite(path, {
    readonly: mode === 'read',
    fileMustExist: mode !== 'create',
    timeout: busyTimeoutMs,
  });
  try {
    // Reads the first page: a file that is no database is found here and not at the first query.
    opened.pragma('schema_version');
    opened.pragma('trusted_schema = OFF');
    registerOrder(opened);
    if (mode !== 'read') {
      // Invariant 2: rows and ledger are on the disk when COMMIT returns; the driver's default for WAL is less.
      opened.pragma('synchronous = FULL');
      // Tables are loaded side by side and in any order; no foreign key can hold before all of them are there.
      opened.pragma('foreign_keys = OFF');
      // A trigger of the application hears of rows that go.
      opened.pragma('recursive_triggers = ON');
    }
  } catch (error) {
    opened.close();
    throw error;
  }
  connection = opened;
  return null;
}

function run({ sql, values }: Statement): number {
  const statement = database().prepare(sql);
  if (!statement.reader) return statement.run(...values).changes;
  statement.all(...values);
  return 0;
}

function closeCursor(): null {
  const open = cursor;
  cursor = null;
  open?.close();
  return null;
}

/** The whole copy in one step: in several, a busy source would make it begin again for ever. */
async function copyTo(path: string): Promise<null> {
  const before = schemaVersion(database());
  await database().backup(path, { progress: () => 0x7fff_ffff });
  const copy = new BetterSqlite(path);
  // The copy is only read, by several processes: without WAL they need no further files.
  copy.pragma('journal_mode = DELETE');
  // The copying raises the number, but row addresses are the same in both: see row-address.ts.
  if (schemaVersion(database()) === before) copy.unsafeMode(true).pragma(`schema_version = ${before}`);
  copy.close();
  return null;
}

const handlers: Handlers = {
  open: openFile,
  query: ({ sql, values }) => rawStatement(database(), sql).all(...values),
  run,
  transaction: (statements) =>
    database()
      .transaction(() => statements.map(run))
      .immediate(),
  openCursor: (program) => {
    closeCursor();
    cursor = openCursorSafely(program);
    return null;
  },
  nextBlock: (limits) => cursor?.next(limits) ?? null,
  closeCursor,
  cutRanges: ({ program, rowsPerRange }) => cutRanges(database(), program, rowsPerRange),
  describeQuery: ({ sql }) => describeQuery(database(), sql),
  checksum: (program) => checksum(database(), program),
  countAltered: (program) => countAltered(database(), program),
  bucketSums: (input) => bucketSums(database(), input),
  rowDigests: (input) => rowDigests(database(), input, input.chosen),
  rowsAt: (input) => rowsAt(database(), input),
  insert: ({ program, data }) => insertRows(database(), program, data),
  copyTo: ({ path }) => copyTo(path),
  readEvents: (request) => readEvents(database(), request),
  measureEvents: (request) => measureEvents(database(), request),
  freeEvents: (request) => freeEvents(database(), request),
  close: () => {
    closeCursor();
    connection?.close();
    connection = null;
    return null;
  },
};

function openCursorSafely(program: Operations['openCursor']['input']): Cursor {
  try {
    return openCursor(database(), program);
  } catch (error) {
    if (database().inTransaction) database().exec('ROLLBACK');
    throw error;
  }
}

const tableOf = (input: unknown): string | undefined => {
  const { table, program } = (input ?? {}) as { table?: unknown; program?: { table?: unknown } };
  const name = table ?? program?.table;
  return typeof name === 'string' ? name : undefined;
};

async function answer(request: ThreadRequest): Promise<void> {
  const handle = handlers[request.operation] as (input: unknown) => unknown;
  let reply: ThreadReply;
  try {
    reply = { id: request.id, answer: await handle(request.input) };
  } catch (error) {
    reply = { id: request.id, error: safeError(error, tableOf(request.input)) };
  }
  const block = 'answer' in reply ? (reply.answer as { data?: unknown } | null) : null;
  const memory = block?.data instanceof Uint8Array ? [block.data.buffer as ArrayBuffer] : [];
  parentPort?.postMessage(reply, memory);
}

let busy: Promise<void> = Promise.resolve();
parentPort?.on('message', (request: ThreadRequest) => {
  busy = busy.then(() => answer(request));
});
