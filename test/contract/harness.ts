import type { Database, Dialect, OpenOptions } from '../../src/engine/ports/dialect.ts';
import type { TableName } from '../../src/model/table-name.ts';

/** Column types that every database of ours has in some form; the harness says how it spells them. */
export const NEUTRAL_TYPES = [
  'bigint',
  'int',
  'decimal', // 12 digits, 2 of them after the point
  'float64',
  'boolean',
  'text',
  'bytes',
  'json',
  'uuid',
  'date',
  'timestamp',
] as const;
export type NeutralType = (typeof NEUTRAL_TYPES)[number];

export interface TestColumn {
  readonly name: string;
  readonly type: NeutralType;
  /** Default true; key columns are not null. */
  readonly nullable?: boolean;
}

/** A table as the suites describe it; test-tables.ts turns it into SQL by the harness's spellings. */
export interface TestTable {
  readonly name: string;
  readonly columns: readonly TestColumn[];
  /** Columns of the primary key; absent: a table without a key. */
  readonly key?: readonly string[];
}

/** Canonical texts of the cells of a row (src/model/logical-type.ts). */
export type TestRow = readonly (string | null)[];

/** An empty database of its own, dropped by `drop`. Several `Database`s may be open on it at once. */
export interface TestPlace {
  /** Opens the place; `drop` closes what is still open. */
  open(options?: Partial<OpenOptions>): Promise<Database>;
  /** Runs one or several statements, committed, outside of every `Database`. */
  execute(sql: string): Promise<void>;
  /** Cells of a query as the database prints them, outside of every `Database`. */
  query(sql: string): Promise<TestRow[]>;
  /** Connections that the databases of this place have open now; null where it cannot be told. */
  connections(): Promise<number | null>;
  drop(): Promise<void>;
}

/** What a product gives the contract suites. */
export interface ContractHarness {
  /** Title of the suites. */
  readonly title: string;
  readonly dialect: Dialect;
  /** Schema of the test tables: `public`, `main`. */
  readonly schema: string;
  /** The ledger's table of lanes as its places have it; absent: as the schema tells. */
  readonly lanes?: string;
  /** True, as a ledger's column has it; absent: as the schema tells. */
  readonly yes?: string;
  /** How a key column of a type is declared, where a column beside is declared otherwise. */
  readonly keyTypes?: Readonly<Partial<Record<NeutralType, string>>>;
  /** Odd names as the product takes them; absent: it takes any. */
  readonly oddNames?: {
    readonly table: string;
    readonly column: string;
    /** No name has a quotation mark. */
    readonly noQuotes?: boolean;
  };
  /** SQL literal of a canonical text for a native case; absent: a cast to the type. */
  readonly nativeLiteral?: (type: string, text: string) => string;
  /** How the product spells each neutral type; null where it has none. */
  readonly types: Readonly<Record<NeutralType, string | null>>;
  /** First major version of the server that writes the values of a type as the suite has them. */
  readonly typesSince?: Readonly<Partial<Record<NeutralType, number>>>;
  /** SQL literal of a canonical text in a column of the type. */
  literal(type: NeutralType, text: string): string;
  /** True when row addresses of tables without a key are valid only inside one snapshot. */
  readonly rowAddressNeedsSnapshot: boolean;
  /** Further column types of this product for the type suite, each with canonical texts that must survive. */
  readonly nativeCases: readonly {
    readonly type: string;
    readonly texts: readonly string[];
    /** First major version of the server that has them; absent: every one that is supported. */
    readonly since?: number;
  }[];
  /** Its sources take no query in the place of a table. */
  readonly noQueries?: true;
  /** The same place seen by a user who may not create a schema or table; null where there are no rights. */
  openWithoutRights: ((place: TestPlace) => Promise<Database>) | null;
  place(): Promise<TestPlace>;
}

/** Name of a test table at the harness's product. */
export const nameOf = (harness: ContractHarness, table: string, database?: Database): TableName => ({
  schema: database?.defaultSchema ?? harness.schema,
  name: table,
});
