import { type Static, Type } from '@sinclair/typebox';
import { InitSpec, TopicsSpec } from './topics-spec.ts';

const closed = { additionalProperties: false } as const;
const oneOf = <const T extends readonly string[]>(values: T, description: string) =>
  Type.Unsafe<T[number]>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      { description },
    ),
  );

/** Defaults are here and nowhere else. */
export const DEFAULTS = {
  readers: 2,
  writers: 4,
  blockBytes: 2 * 1024 * 1024,
  blockRows: 100_000,
  rowsPerRange: 200_000,
  creditBytes: 64 * 1024 * 1024,
  gracePeriod: '30s',
  reportingInterval: '10s',
  heartbeatTimeout: '30s',
  lanes: 4,
  relays: 1,
  /** Events of one sealed claim at most, and about so many bytes. */
  claimEvents: 10_000,
  claimBytes: 4 * 1024 * 1024,
} as const;

/** How both sides are compared while changes flow. */
export const LIVE_VERIFY_DEFAULTS = { delay: '60s', rowsPerSecond: 200_000 } as const;

/** What becomes of a value that the column at the target cannot hold. */
export const ValuePolicy = oneOf(['error', 'null', 'clamp', 'text'], 'What becomes of such a value.');
export type ValuePolicy = Static<typeof ValuePolicy>;

export const TableSelection = Type.Object(
  {
    where: Type.Optional(
      Type.String({ description: 'SQL condition on the source: only rows for which it is true are copied.' }),
    ),
    columns: Type.Optional(
      Type.Object(
        {
          include: Type.Optional(
            Type.Array(Type.String(), { description: 'Only these columns; * and ? as in table patterns.' }),
          ),
          exclude: Type.Optional(
            Type.Array(Type.String(), { description: 'Not these columns; * and ? as in table patterns.' }),
          ),
          types: Type.Optional(
            Type.Record(Type.String(), Type.String({ minLength: 1 }), {
              description: 'Types of columns at the target, in place of those that Sluice would choose.',
            }),
          ),
          policies: Type.Optional(
            Type.Record(Type.String(), ValuePolicy, {
              description:
                'What becomes of a value that the column at the target cannot hold; "*": of all other columns. error (the default): the table is blocked. null: it becomes NULL; clamp: the nearest value that the column holds; both are counted in the report. text: a column whose type the target does not have exactly is copied as its text.',
            }),
          ),
          rename: Type.Optional(
            Type.Record(Type.String(), Type.String({ minLength: 1 }), {
              description: 'Names of columns at the target, by their names at the source.',
            }),
          ),
        },
        closed,
      ),
    ),
    to: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Name at the target: table, or schema.table. A * stands for the name that the part would have without it: "archive.*", "old_*".',
      }),
    ),
    query: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'A SELECT of the source whose rows are copied as if they were the table of this name; it is never able to change anything.',
      }),
    ),
    key: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        description:
          'Columns of the query of which no two rows have the same values and none is NULL: it is read in ranges of them.',
      }),
    ),
    limit: Type.Optional(
      Type.Object(
        {
          rows: Type.Integer({ minimum: 1, description: 'Only so many rows, the first in key order.' }),
        },
        closed,
      ),
    ),
    init: Type.Optional(InitSpec),
  },
  closed,
);
export type TableSelection = Static<typeof TableSelection>;

const durationThat = (description: string) => Type.String({ pattern: '^[0-9]+(ms|s|m|h)$', description });
export const Duration = durationThat('For example 500ms, 30s, 5m, 1h.');

export const CLAIM_EVENTS = { minimum: 1, maximum: 1_000_000 } as const;
export const CLAIM_BYTES = { minimum: 1024, maximum: 67_108_864 } as const;

/** A transfer as it stands in the configuration file. Connections are names; secrets are not here. */
export const TransferSpec = Type.Object(
  {
    source: Type.String({ description: 'Name of the source connection.' }),
    hub: Type.String({ description: 'Name of the hub connection.' }),
    target: Type.String({
      description: 'Name of the target connection; with topics that of the hub once more.',
    }),
    topics: Type.Optional(TopicsSpec),
    mode: Type.Optional(
      oneOf(
        ['snapshot', 'changes', 'both'],
        'What is moved. snapshot: the existing rows; changes: every change from the first start on; both: the rows, then every change of them.',
      ),
    ),
    changes: Type.Optional(
      Type.Object(
        {
          until: Type.Optional(
            oneOf(
              ['caught-up'],
              'caught-up: the transfer ends when nothing is pending at the source any more; without it, it goes on until it is stopped.',
            ),
          ),
          claimEvents: Type.Optional(
            Type.Integer({
              ...CLAIM_EVENTS,
              description: 'Changes that are applied in one transaction at most. Default 10000.',
            }),
          ),
          claimBytes: Type.Optional(
            Type.Integer({
              ...CLAIM_BYTES,
              description: 'About so many bytes of changes in one transaction at most. Default 4 MiB.',
            }),
          ),
          lanes: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 40,
              description:
                'Lanes that the tables are dealt onto at most, when the transfer is first started: tables that refer to each other go to one lane, which has their changes in order. Default 4; always 1 with ordering transaction.',
            }),
          ),
          relays: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 40,
              description:
                'Slices that share the lanes, which the workers share: lanes that are read in one slice share a worker. Default 1.',
            }),
          ),
          ordering: Type.Optional(
            oneOf(
              ['key', 'table', 'transaction', 'none'],
              'What keeps its order, and so waits for a change that is refused. key: the changes of its key, which are set apart (default); table, transaction: all of them, nothing is set apart; none, to topics only: nothing, a refused change is set apart alone.',
            ),
          ),
          conflicts: Type.Optional(
            oneOf(
              ['converge', 'strict'],
              'What becomes of a change whose row is not at the target, or is there already and should not be. converge: the target gets the state of the source, and it is counted (default); strict: it is refused.',
            ),
          ),
          quarantine: Type.Optional(
            Type.Object(
              {
                retryAfter: Type.Optional(
                  durationThat(
                    'First retry of a change that is set apart; each further one waits three times as long. Default 20s.',
                  ),
                ),
                tries: Type.Optional(
                  Type.Integer({
                    minimum: 1,
                    maximum: 20,
                    description: 'Then a person must look at it. Default 5.',
                  }),
                ),
                holdFor: Type.Optional(
                  durationThat('What waits for a person so long is discarded. Default 240h.'),
                ),
              },
              { ...closed, description: 'Changes that are refused, and those of their keys behind them.' },
            ),
          ),
          verify: Type.Optional(
            Type.Object(
              {
                delay: Type.Optional(
                  durationThat(
                    'While changes flow: what differs for so long, and has changes that are still to be applied, cannot be told. Default 60s.',
                  ),
                ),
                rowsPerSecond: Type.Optional(
                  Type.Integer({
                    minimum: 0,
                    description:
                      'While changes flow: so many rows are compared a second at most, of each side; 0: no limit. Default 200000.',
                  }),
                ),
              },
              { ...closed, description: 'How both sides are compared while changes flow.' },
            ),
          ),
        },
        { ...closed, description: 'How changes are moved, with mode changes or both.' },
      ),
    ),
    ordering: Type.Optional(
      oneOf(['none', 'table'], 'none: ranges in parallel; table: the rows of a table in key order.'),
    ),
    consistency: Type.Optional(
      oneOf(
        ['range', 'snapshot'],
        'range: each key range is read for itself; snapshot: all tables from one snapshot.',
      ),
    ),
    tables: Type.Record(Type.String(), Type.Union([TableSelection, Type.Literal(false)]), {
      description:
        'Patterns of table names, schema.table with * and ?; false excludes. Later lines win over earlier ones.',
    }),
    rename: Type.Optional(
      Type.Object(
        {
          schemas: Type.Optional(
            Type.Record(Type.String(), Type.String({ minLength: 1 }), {
              description:
                'Names of schemas at the target, by their names at the source. Where the target has no schemas: what stands before the name of the table.',
            }),
          ),
        },
        closed,
      ),
    ),
    structure: Type.Optional(
      Type.Object(
        {
          policy: Type.Optional(
            oneOf(
              ['create-missing', 'verify', 'replace', 'fail'],
              'What happens to tables at the target. create-missing: what is not there is made; verify: nothing is made; replace: tables are dropped and made anew; fail: a table that is there is an error before anything is made.',
            ),
          ),
          indexes: Type.Optional(
            Type.Boolean({ description: 'false: no indexes and unique keys are made. Default true.' }),
          ),
          foreignKeys: Type.Optional(
            Type.Boolean({ description: 'false: no foreign keys are made. Default true.' }),
          ),
          checks: Type.Optional(Type.Boolean({ description: 'false: no checks are made. Default true.' })),
          defaults: Type.Optional(
            Type.Boolean({ description: 'false: columns get no defaults. Default true.' }),
          ),
          comments: Type.Optional(
            Type.Boolean({ description: 'false: no comments are made. Default true.' }),
          ),
        },
        closed,
      ),
    ),
    write: Type.Optional(
      Type.Object(
        {
          mode: Type.Optional(
            oneOf(['fail-if-not-empty', 'append', 'truncate', 'upsert'], 'How rows are written.'),
          ),
          writers: Type.Optional(Type.Integer({ minimum: 1, maximum: 40 })),
        },
        closed,
      ),
    ),
    read: Type.Optional(
      Type.Object(
        {
          readers: Type.Optional(Type.Integer({ minimum: 1, maximum: 40 })),
          blockBytes: Type.Optional(Type.Integer({ minimum: 1024, maximum: 67_108_864 })),
          blockRows: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
          rowsPerRange: Type.Optional(Type.Integer({ minimum: 1 })),
          encoding: Type.Optional(
            oneOf(['auto', 'text-rows', 'binary-rows'], 'auto: binary where both sides agree on every type.'),
          ),
          creditBytes: Type.Optional(Type.Integer({ minimum: 1_048_576 })),
        },
        closed,
      ),
    ),
    limits: Type.Optional(
      Type.Object(
        {
          ratePerSecond: Type.Optional(
            Type.Integer({ minimum: 0, description: 'Rows per second; 0: no limit.' }),
          ),
          bytesPerSecond: Type.Optional(
            Type.Integer({ minimum: 0, description: 'Bytes per second, as rows travel; 0: no limit.' }),
          ),
          rows: Type.Optional(
            Type.Integer({
              minimum: 1,
              description:
                'A start ends as limit-reached when it has copied so many rows; the next one goes on.',
            }),
          ),
          bytes: Type.Optional(
            Type.Integer({
              minimum: 1,
              description:
                'A start ends as limit-reached when it has copied so many bytes, as rows travel, and at most one block of each reader more.',
            }),
          ),
          time: Type.Optional(
            Type.Unsafe<string>({
              ...Duration,
              description:
                'A start reads no more after so long, pauses included, and ends as limit-reached when what it read is applied.',
            }),
          ),
        },
        closed,
      ),
    ),
    completion: Type.Optional(
      Type.Object(
        {
          gracePeriod: Type.Optional(Duration),
          verify: Type.Optional(
            oneOf(['none', 'count', 'checksum'], 'What is compared before the transfer counts as finished.'),
          ),
        },
        closed,
      ),
    ),
    reportingInterval: Type.Optional(Duration),
    recovery: Type.Optional(
      Type.Object(
        {
          heartbeatTimeout: Type.Optional(
            Type.Unsafe<string>({
              ...Duration,
              description:
                'A worker that is silent for so long is taken for dead. Shorter recovers sooner, longer rides over restarts of Temporal.',
            }),
          ),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type TransferSpec = Static<typeof TransferSpec>;

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds of a Duration text. */
export function durationMs(text: string): number {
  const match = /^([0-9]+)(ms|s|m|h)$/.exec(text);
  if (!match) throw new RangeError(`not a duration: ${text}`);
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}
