import { type Static, Type } from '@sinclair/typebox';

const closed = { additionalProperties: false } as const;

export const TOPIC_FORMATS = ['movex', 'debezium'] as const;
export type TopicFormat = (typeof TOPIC_FORMATS)[number];

/** How captured changes go out to topics: `topics` of a transfer that has no target. */
export const TopicsSpec = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Topic or subject of a change; {schema} and {table} stand for the names of its table. Default cdc.{schema}.{table}.',
      }),
    ),
    format: Type.Optional(
      Type.Union(
        TOPIC_FORMATS.map((each) => Type.Literal(each)),
        { description: 'movex: the JSON of MOVEX CDC (default); debezium: the envelope of Debezium.' },
      ),
    ),
    cloudEvents: Type.Optional(
      Type.Boolean({
        description: 'Each message has the attributes of a CloudEvent as headers. Default false.',
      }),
    ),
  },
  {
    ...closed,
    description:
      'Changes go out to topics of the hub, with mode changes, or both for existing rows before them, and to no database.',
  },
);
export type TopicsSpec = Static<typeof TopicsSpec>;

/** Which existing rows of a table go to its topic, and in which order: `init` of a selection, with mode both. */
export const InitSpec = Type.Object(
  {
    where: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Only existing rows for which it is true are sent: one SQL condition on the columns. Changes are sent whether it is or not.',
      }),
    ),
    order: Type.Optional(
      Type.Array(
        Type.Union([
          Type.String({ minLength: 1 }),
          Type.Object({ column: Type.String({ minLength: 1 }), descending: Type.Boolean() }, closed),
        ]),
        {
          minItems: 1,
          description:
            'Columns by which existing rows are sent, the primary key behind them: not null, recorded, and better with an index. Default: by the primary key.',
        },
      ),
    ),
  },
  { ...closed, description: 'Existing rows as events of the operation INIT: with topics and mode both.' },
);
export type InitSpec = Static<typeof InitSpec>;

/** Defaults are here and nowhere else. */
export const TOPICS_DEFAULTS = {
  name: 'cdc.{schema}.{table}',
  format: 'movex',
  cloudEvents: false,
} as const satisfies TopicsSpec;
