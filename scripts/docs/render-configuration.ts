import type { TSchema } from '@sinclair/typebox';
import { allSettings } from '../../src/cli/connection/all-settings.ts';
import { LEDGER_DEFAULTS, LedgerPlace } from '../../src/model/config.ts';
import { CAPTURE_DEFAULTS, CapturedTableSpec, CaptureSpec } from '../../src/model/capture-spec.ts';
import { DEFAULTS, TableSelection, TransferSpec } from '../../src/model/transfer-spec.ts';
import { generatedFrom, table } from './table.ts';

const INTRODUCTION = `# The configuration

One file, YAML or JSON, named by \`--config\` or \`SLUICE_CONFIG\`, else \`sluice.yaml\`, \`sluice.yml\` or \`sluice.json\` in the
working directory. Its JSON schema is [schema/sluice.schema.json](../../schema/sluice.schema.json), also printed by
\`sluice schema\`. Unknown keys are errors that name the nearest known one. \`sluice validate\` checks all of it.

\`\`\`yaml
# yaml-language-server: $schema=./sluice.schema.json
version: 1
connections:
  shop:      { url: "postgres://app@db1:5432/shop", password: { file: /run/secrets/shop } }
  warehouse: { url: "\${WAREHOUSE_URL:?set WAREHOUSE_URL}" }
  events:    { url: "nats://hub:4222" }
transfers:
  orders:
    source: shop
    hub: events
    target: warehouse
    tables:
      "public.*": {}
      "public.audit_*": false
      public.orders: { where: "placed_at > '2024-01-01'", columns: { exclude: [note] }, to: sales.orders }
    structure: { policy: create-missing }
    write: { mode: truncate }
    completion: { verify: checksum }
\`\`\`

**Variables.** \`\${NAME}\`, \`\${NAME:-default}\` and \`\${NAME:?message}\` are filled in text by text, after the file was read as
YAML, so a value can never change its structure. One that is not set is an error with line and column.

**Secrets.** The \`url\` and every text of a connection can stand elsewhere: \`{ file: PATH }\` or \`{ env: NAME }\`. They are read by
the process that connects, each time it connects anew, and are masked in everything that Sluice shows. Temporal never sees them.`;

/** Defaults of the model, by the path of the key that has them. */
const DEFAULT_OF: Readonly<Record<string, string>> = {
  mode: 'snapshot',
  ordering: 'none',
  consistency: 'range',
  'structure.policy': 'create-missing',
  'write.mode': 'fail-if-not-empty',
  'write.writers': String(DEFAULTS.writers),
  'read.readers': String(DEFAULTS.readers),
  'read.blockBytes': String(DEFAULTS.blockBytes),
  'read.blockRows': String(DEFAULTS.blockRows),
  'read.rowsPerRange': String(DEFAULTS.rowsPerRange),
  'read.encoding': 'auto',
  'read.creditBytes': String(DEFAULTS.creditBytes),
  'limits.ratePerSecond': '0',
  'limits.bytesPerSecond': '0',
  'completion.gracePeriod': DEFAULTS.gracePeriod,
  'completion.verify': 'count',
  reportingInterval: DEFAULTS.reportingInterval,
  'recovery.heartbeatTimeout': DEFAULTS.heartbeatTimeout,
  'ledger.schema': LEDGER_DEFAULTS.schema,
  'ledger.prefix': LEDGER_DEFAULTS.prefix,
};

const CAPTURE_DEFAULT_OF: Readonly<Record<string, string>> = {
  schema: CAPTURE_DEFAULTS.schema,
  prefix: CAPTURE_DEFAULTS.prefix,
  retention: CAPTURE_DEFAULTS.retention,
  payload: 'full',
  form: 'row',
};

/** What stands in no description of the schema, because names say it there. */
const MEANS: Readonly<Record<string, string>> = {
  'columns.include': 'Only these columns.',
  'columns.exclude': 'All columns but these.',
  'write.writers': 'Transactions at once at the target. SQLite always has one.',
  'read.readers': 'Key ranges read at once.',
  'read.blockBytes': 'Bytes of a row block, which is a batch and a transaction at the target.',
  'read.blockRows': 'Rows of a row block at most.',
  'read.rowsPerRange': 'Rows of a key range.',
  'read.creditBytes': 'Bytes of a table that may wait between source and target.',
  'completion.gracePeriod':
    'How long what is missing may take to arrive once reading is over, without progress.',
  reportingInterval: 'How often progress is sampled while rows move.',
};

const typeOf = (schema: TSchema): string => {
  if (schema['const'] !== undefined) return `\`${String(schema['const'])}\``;
  const options = schema['anyOf'] as readonly TSchema[] | undefined;
  if (options) return options.map(typeOf).join(', ');
  const properties = schema['properties'] as Record<string, TSchema> | undefined;
  if (properties)
    return `{ ${Object.entries(properties)
      .map(([key, value]) => `${key}: ${typeOf(value)}`)
      .join(', ')} }`;
  const { type, minimum, maximum } = schema as { type?: string; minimum?: number; maximum?: number };
  const values = (schema['patternProperties'] as Record<string, TSchema> | undefined)?.['^(.*)$'];
  if (values) return `by name: ${typeOf(values)}`;
  if (minimum === undefined)
    return type === 'array' ? 'list of texts' : type === 'string' ? 'text' : String(type);
  return maximum === undefined ? `number from ${minimum}` : `number, ${minimum} to ${maximum}`;
};

/** Every key below an object, by its path. */
function rowsOf(
  schema: TSchema,
  prefix: string,
  defaults: Readonly<Record<string, string>> = DEFAULT_OF,
): readonly (readonly string[])[] {
  const required = new Set((schema['required'] ?? []) as readonly string[]);
  return Object.entries((schema['properties'] ?? {}) as Record<string, TSchema>).flatMap(([key, value]) => {
    const path = `${prefix}${key}`;
    if (value['properties'] !== undefined) return rowsOf(value, `${path}.`, defaults);
    const type = path === 'tables' ? 'patterns, see below' : typeOf(value);
    const means = value.description ?? MEANS[path] ?? '';
    const fallback = required.has(key) ? 'required' : (defaults[path] ?? '');
    return [[`\`${path}\``, type, fallback, means]];
  });
}

const HEAD = ['key', 'value', 'default', ''] as const;
const settingsTable = (schema: TSchema): string => table(HEAD, rowsOf(schema, ''));

const URLS: Readonly<Record<string, string>> = {
  postgresql:
    '`postgres://user:password@host:5432/database`; parameters `sslmode`, `sslrootcert`, `host` (folder of a socket).',
  mysql:
    '`mysql://user@host:3306/database` or `mariadb://…`, with `?ssl-mode=`, `?ssl-ca=`, `?ssl-cert=`, `?ssl-key=` or `?socket=/path` behind it. Schemas are databases: tables are named `database.table`, and the database of the URL is the default.',
  oracle:
    '`oracle://user@host:1521/service`, with `?tls=` behind it. Schemas are users: tables are named `SCHEMA.TABLE`, in the capitals that Oracle gives names without quotation marks. The schema of the user is the default. No client of Oracle is needed.',
  sqlite:
    '`sqlite:path/to/file.db` from the folder of the configuration file (in a URL on the command line: from the working directory), or `sqlite:///absolute/path.db`.',
  nats: '`nats://user:password@host:4222`, or `tls://…`; several hosts with commas between them.',
};
const TITLES: Readonly<Record<string, string>> = {
  postgresql: 'PostgreSQL',
  mysql: 'MySQL and MariaDB',
  oracle: 'Oracle',
  sqlite: 'SQLite',
  nats: 'NATS',
};

/** docs/reference/configuration.md */
export async function renderConfiguration(): Promise<string> {
  const settings = await allSettings();
  const kinds = Object.keys(URLS).map((name, index) => [name, settings[index] as TSchema] as const);
  return [
    generatedFrom(
      'src/model/config.ts, src/model/transfer-spec.ts and the settings of each database and hub',
    ),
    '',
    INTRODUCTION,
    '',
    '## connections.NAME',
    '',
    'Names are letters, digits, `_` and `-`, at most 64. What may stand beside `url` and `password` depends on the URL.',
    ...kinds.flatMap(([name, schema]) => [
      '',
      `### ${TITLES[name]}`,
      '',
      `${URLS[name]}`,
      '',
      settingsTable(schema),
    ]),
    '',
    '## transfers.NAME',
    '',
    table(HEAD, rowsOf(TransferSpec, '')),
    '',
    '### transfers.NAME.tables.PATTERN',
    '',
    'A pattern is `schema.table` with `*` and `?` (`main.table` or only `table` on SQLite). `false` excludes; of several patterns that',
    'match a table, the last one counts. Sluice leaves out its own ledger.',
    '',
    table(HEAD, rowsOf(TableSelection, '')),
    '',
    '## captures.NAME',
    '',
    'What is recorded of the changes of a source, by the name of its connection: [capture changes](../how-to/capture-changes.md).',
    '',
    table(HEAD, rowsOf(CaptureSpec, '', CAPTURE_DEFAULT_OF)),
    '',
    '### captures.NAME.tables.PATTERN',
    '',
    table(HEAD, rowsOf(CapturedTableSpec, '', CAPTURE_DEFAULT_OF)),
    '',
    '## ledger',
    '',
    table(HEAD, rowsOf(LedgerPlace, 'ledger.')),
    '',
    'What these choices mean: [consistency, ordering and write mode](../how-to/choose-consistency-and-write-mode.md).',
    '',
  ].join('\n');
}
