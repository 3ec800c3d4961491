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
    description: 'Changes go out to topics of the hub, with mode changes, and to no database.',
  },
);
export type TopicsSpec = Static<typeof TopicsSpec>;

/** Defaults are here and nowhere else. */
export const TOPICS_DEFAULTS = {
  name: 'cdc.{schema}.{table}',
  format: 'movex',
  cloudEvents: false,
} as const satisfies TopicsSpec;
