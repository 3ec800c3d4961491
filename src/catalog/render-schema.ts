import { Kind, type TSchema, Type } from '@sinclair/typebox';
import { ConfigFile, ConnectionSpec, SecretSource } from '../model/config.ts';

/** A text setting may stand elsewhere, as every secret may. */
const orElsewhere = (schema: TSchema): TSchema =>
  schema['type'] === 'string' ? Type.Union([schema, SecretSource]) : schema;

/** Settings of all kinds together: which of them a connection may have depends on its URL. */
function connectionSchema(settings: readonly TSchema[]): TSchema {
  const properties: Record<string, TSchema[]> = {};
  for (const schema of settings) {
    for (const [key, property] of Object.entries((schema['properties'] ?? {}) as Record<string, TSchema>)) {
      properties[key] = [...(properties[key] ?? []), orElsewhere(property)];
    }
  }
  const merged = Object.entries(properties).map(([key, variants]) => {
    const [first] = variants as [TSchema];
    const same = variants.every((variant) => JSON.stringify(variant) === JSON.stringify(first));
    return [key, Type.Optional(same ? first : Type.Union(variants))] as const;
  });
  const { [Kind]: _, ...rest } = ConnectionSpec;
  return Type.Object({ ...Object.fromEntries(merged), ...rest.properties }, { additionalProperties: false });
}

/**
 * The JSON schema of the configuration file, as editors and the file schema/sluice.schema.json have it.
 * @param settings  of every kind of database and hub, in their order
 */
export function renderSchema(settings: readonly TSchema[]): string {
  const record = ConfigFile.properties.connections as unknown as {
    readonly patternProperties: Record<string, TSchema>;
  };
  const [pattern] = Object.keys(record.patternProperties);
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Sluice configuration',
    ...ConfigFile,
    properties: {
      ...ConfigFile.properties,
      connections: { ...record, patternProperties: { [pattern ?? '']: connectionSchema(settings) } },
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
