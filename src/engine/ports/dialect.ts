import type { TSchema } from '@sinclair/typebox';
import type { CapturePlace } from '../../model/capture-spec.ts';
import type { ErrorCode } from '../../model/error-codes.ts';
import type { CaptureInspector } from './capture-inspector.ts';
import type { CaptureStatistics } from './capture-statistics.ts';
import type { ChangeCapture } from './change-capture.ts';
import type { InitialLoad } from './initial-load.ts';
import type { Introspector } from './introspector.ts';
import type { Ledger } from './ledger.ts';
import type { Quarantine } from './quarantine.ts';
import type { DriftRecord } from './target-drift.ts';
import type { RowInspector } from './row-inspector.ts';
import type { SourceReader } from './source-reader.ts';
import type { TargetStructure } from './target-structure.ts';
import type { TargetWriter } from './target-writer.ts';
import type { TriggerManager } from './trigger-manager.ts';
import type { TypeMap } from './type-map.ts';

/** What a database can do; engine code asks these flags and never the name of a product. */
export interface Capabilities {
  /** Several connections write at once. False: one writer a file whatever `writers` says (SQLite). */
  readonly concurrentWriters: boolean;
  /** Structure changes commit together with the ledger. */
  readonly transactionalDdl: boolean;
  /** A primary key costs less when it is made of the rows that are there than row by row: a heap, unlike rows that lie in key order. */
  readonly keysAfterRows: boolean;
  /** The database has schemas; false: the one schema is `main`. */
  readonly schemas: boolean;
  /** `''` is stored as NULL (Oracle). */
  readonly emptyStringIsNull: boolean;
  /** Longest identifier in bytes; null: no limit. Longer ones are refused by the plan, never cut. */
  readonly identifierBytes: number | null;
  readonly maxColumns: number;
  /** Of rows that are the same one can be deleted: a target without a key follows changes. See TargetTransaction.removeOnce. */
  readonly removesOneOfSame: boolean;
  /** By what a table without a key is put in order: ctid (only inside one snapshot) or rowid. */
  readonly rowAddress: { readonly type: string; readonly needsSnapshot: boolean };
}

export interface OpenOptions {
  /** Connections that the database may use at once for this process. */
  readonly maxConnections: number;
  readonly applicationName: string;
  /** Where the ledger lives: schema (ignored without schemas) and the prefix of its tables' names. */
  readonly ledger: { readonly schema: string; readonly prefix: string };
}

/** A kind of database. `Config` is what its URL and settings resolve to, secrets included. */
export interface Dialect<Config = unknown> {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Settings that a connection of this kind may have besides `url`. */
  readonly settings: TSchema;
  readonly types: TypeMap;
  /**
   * @param folder  where relative paths begin; the working directory without it
   * @throws SluiceError connection.invalid_url
   */
  parseUrl(url: string, settings: Readonly<Record<string, unknown>>, folder?: string): Config;
  /** The URL without its secrets. */
  maskUrl(url: string): string;
  /** Connects once to see that it works. @throws SluiceError database.* */
  open(config: Config, options: OpenOptions): Promise<Database>;
  /** Total: every error of the driver becomes a code, by the vendor's code and never by its text. */
  classify(error: unknown): ErrorCode;
  quote(identifier: string): string;
}

/** An open database. Safe for concurrent use; each call takes what connections it needs from the database's own pool. */
export interface Database {
  readonly dialect: Dialect;
  /** The schema of tables that are named without one; absent: `public`, or `main` without schemas. */
  readonly defaultSchema?: string;
  readonly introspector: Introspector;
  readonly reader: SourceReader;
  readonly inspector: RowInspector;
  readonly writer: TargetWriter;
  /** What is made after the load; absent: nothing is, and all of it is listed. */
  readonly structure?: TargetStructure;
  readonly ledger: Ledger;
  /** Capture of changes by triggers, in a schema of ours at this place; absent: this database has none yet. */
  capture?(place: CapturePlace): {
    readonly triggers: TriggerManager;
    readonly changes: ChangeCapture;
    /** Absent: existing rows cannot be made events here yet. */
    readonly loads?: InitialLoad;
    /** Of events that go from here to topics. */
    readonly quarantine?: Quarantine;
    readonly statistics?: CaptureStatistics;
    /** Absent: nobody looks at this capture as a whole yet. */
    readonly inspector?: CaptureInspector;
  };
  /** Of events that this database, as a target, refused; absent: nothing is set apart here. */
  readonly quarantine?: Quarantine;
  /** Absent: what of its rows is not as changes take for granted is not counted here. */
  readonly drift?: DriftRecord;
  /** Changes when the database behind the address is another one or was restored: PG system identifier, SQLite uuid. */
  incarnation(signal: AbortSignal): Promise<string>;
  /** Version text of the server or library. */
  ping(signal: AbortSignal): Promise<string>;
  /** What an operator should know of it as a target: committed rows may be lost with the power. Empty: all well. */
  warnings?(signal: AbortSignal): Promise<readonly string[]>;
  close(): Promise<void>;
}
