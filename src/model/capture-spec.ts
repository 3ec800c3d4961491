import { type Static, Type } from '@sinclair/typebox';
import { DEFAULTS, durationMs, type TransferSpec } from './transfer-spec.ts';

const closed = { additionalProperties: false } as const;

/** `truncate` is seen by PostgreSQL's triggers alone. */
export const CAPTURED_OPERATIONS = ['insert', 'update', 'delete', 'truncate'] as const;
export type CapturedOperation = (typeof CAPTURED_OPERATIONS)[number];

const Sql = (description: string) => Type.String({ minLength: 1, description });

const KeySpec = Type.Union(
  [
    Type.Literal('primary', {
      description: 'The primary key as JSON: {"ID": 1}. The default where there is one.',
    }),
    Type.Literal('none', { description: 'No key.' }),
    Type.Literal('transaction', { description: 'The id of the transaction.' }),
    Type.Object(
      { fixed: Type.String({ minLength: 1, description: 'The same text for every event.' }) },
      closed,
    ),
    Type.Object(
      { expression: Sql('SQL on the columns of the row; of the new one, of the old one for a delete.') },
      closed,
    ),
  ],
  { description: 'The key of the messages of a topic. Order at a target always goes by the primary key.' },
);

/** What is recorded of the changes of one table. */
export const CapturedTableSpec = Type.Object(
  {
    operations: Type.Optional(
      Type.Array(Type.Union(CAPTURED_OPERATIONS.map((each) => Type.Literal(each))), {
        minItems: 1,
        uniqueItems: true,
        description: 'What is recorded; default: all that the database can see.',
      }),
    ),
    columns: Type.Optional(
      Type.Object(
        {
          include: Type.Optional(
            Type.Array(Type.String(), { description: 'Only these columns; * and ? as in table patterns.' }),
          ),
          exclude: Type.Optional(Type.Array(Type.String(), { description: 'Not these columns.' })),
        },
        {
          ...closed,
          description:
            'Columns that are recorded. An update that changes none of them is silent. Key columns always are.',
        },
      ),
    ),
    where: Type.Optional(
      Sql(
        'Only rows for which it is true are recorded: one SQL condition on the columns. A row that an update takes out of it is recorded as deleted, one that comes into it as inserted.',
      ),
    ),
    expressions: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Sql('SQL on the columns of the row.'), {
        description: 'Values that are recorded beside the columns, by the names that they get.',
      }),
    ),
    key: Type.Optional(KeySpec),
    payload: Type.Optional(
      Type.Union([Type.Literal('full'), Type.Literal('key')], {
        description: 'full: all recorded columns; key: those of the primary key only.',
      }),
    ),
    recordTransaction: Type.Optional(
      Type.Boolean({ description: 'The id of the transaction goes along into topics. Default false.' }),
    ),
    form: Type.Optional(
      Type.Union([Type.Literal('row'), Type.Literal('statement')], {
        description:
          'How PostgreSQL’s triggers fire: for each row (default), or once for each statement, which costs bulk statements less.',
      }),
    ),
  },
  closed,
);
export type CapturedTableSpec = Static<typeof CapturedTableSpec>;

const StagingSpec = Type.Object(
  {
    partitionEvents: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000_000,
        description:
          'Events that one partition of the staging table takes; 0: it has none. Default 100000, where the edition has partitions.',
      }),
    ),
    initrans: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 255,
        description: 'Transactions that write into one block of the staging table at once. Default 16.',
      }),
    ),
  },
  { ...closed, description: 'How Oracle stores events until they are confirmed; of no meaning elsewhere.' },
);

const Kept = (description: string) =>
  Type.Optional(Type.String({ pattern: '^[0-9]+(ms|s|m|h)$', description }));

const StatisticsSpec = Type.Object(
  {
    minutes: Kept('So far back there is a count for each minute. Default 336h: 14 days.'),
    hours: Kept('Before that, so far back, one for each hour. Default 2160h: 90 days.'),
    days: Kept(
      'Before that, so far back, one for each day; what is older is forgotten. Default 8760h: a year.',
    ),
  },
  { ...closed, description: 'How long the counts of sluice capture stats are kept.' },
);

/** What is captured of one source connection, by triggers, into a schema of ours there. */
export const CaptureSpec = Type.Object(
  {
    schema: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Schema of our own in the source, where it has schemas. Default sluice_capture.',
      }),
    ),
    prefix: Type.Optional(
      Type.String({
        description:
          'Before the names of our tables and triggers, where the source has no schemas. Default sluice_.',
      }),
    ),
    staging: Type.Optional(StagingSpec),
    statistics: Type.Optional(StatisticsSpec),
    tables: Type.Record(Type.String(), Type.Union([CapturedTableSpec, Type.Literal(false)]), {
      description:
        'Patterns of table names as in transfers; false excludes. Later lines win over earlier ones.',
    }),
    retention: Type.Optional(
      Type.String({
        pattern: '^[0-9]+(ms|s|m|h)$',
        description:
          'Events stay so long after they were confirmed, for a target that is restored from a backup. Default 0s.',
      }),
    ),
  },
  closed,
);
export type CaptureSpec = Static<typeof CaptureSpec>;

/** Defaults are here and nowhere else. */
export const CAPTURE_DEFAULTS = {
  schema: 'sluice_capture',
  prefix: 'sluice_',
  retention: '0s',
  partitionEvents: 100_000,
  initrans: 16,
  /** MOVEX's: hours from 14 days on, days from three months on. */
  statistics: { minutes: '336h', hours: '2160h', days: '8760h' },
} as const;

/** Where our objects in a source are. */
export interface CapturePlace {
  readonly schema: string;
  readonly prefix: string;
  /** As configured; see stagingOf. */
  readonly staging?: Static<typeof StagingSpec>;
  /** As configured; see countsKeptOf. */
  readonly statistics?: Static<typeof StatisticsSpec>;
}

/** How events are stored where there is a choice. */
export interface CaptureStaging {
  readonly partitionEvents: number;
  readonly initrans: number;
}

export const stagingOf = ({ staging }: Pick<CapturePlace, 'staging'>): CaptureStaging => ({
  partitionEvents: staging?.partitionEvents ?? CAPTURE_DEFAULTS.partitionEvents,
  initrans: staging?.initrans ?? CAPTURE_DEFAULTS.initrans,
});

/** How far back there are counts by the minute, and before by the hour, and before by the day. */
export interface CountsKept {
  readonly minutesMs: number;
  readonly hoursMs: number;
  readonly daysMs: number;
}

/** Coarser ones never reach less far than finer ones. */
export function countsKeptOf({ statistics }: Pick<CapturePlace, 'statistics'>): CountsKept {
  const { minutes, hours, days } = { ...CAPTURE_DEFAULTS.statistics, ...statistics };
  const minutesMs = durationMs(minutes);
  const hoursMs = Math.max(minutesMs, durationMs(hours));
  return { minutesMs, hoursMs, daysMs: Math.max(hoursMs, durationMs(days)) };
}

/** Where a capture is by its configuration; without one, where it would be. */
export const capturePlaceOf = (spec: CaptureSpec | undefined): CapturePlace => ({
  schema: spec?.schema ?? CAPTURE_DEFAULTS.schema,
  prefix: spec?.prefix ?? CAPTURE_DEFAULTS.prefix,
  ...(spec?.staging && { staging: spec.staging }),
  ...(spec?.statistics && { statistics: spec.statistics }),
});

/** How long events stay after they were confirmed. */
export const retentionMsOf = (spec: CaptureSpec | undefined): number =>
  durationMs(spec?.retention ?? CAPTURE_DEFAULTS.retention);

/** How far a claim goes beyond its limits to cut no transaction of the source, as a multiple of them; with ordering `transaction` farther. */
const WHOLE = { times: 2, events: 1_000_000 } as const;

/** What one claim of a transfer holds at most; to topics claims are cut anywhere. */
export function claimLimitsOf({ changes, topics, read }: Pick<TransferSpec, 'changes' | 'topics' | 'read'>) {
  const events = changes?.claimEvents ?? DEFAULTS.claimEvents;
  const bytes = changes?.claimBytes ?? DEFAULTS.claimBytes;
  if (topics) return { events, bytes };
  const whole = { events: WHOLE.times * events, bytes: WHOLE.times * bytes };
  if (changes?.ordering !== 'transaction') return { events, bytes, whole };
  const creditBytes = read?.creditBytes ?? DEFAULTS.creditBytes;
  return {
    events,
    bytes,
    whole: { events: Math.max(whole.events, WHOLE.events), bytes: Math.max(whole.bytes, creditBytes) },
  };
}
