import type { Database } from './dialect.ts';
import type { Hub } from './hub.ts';

/** Open databases and hubs by the name of their connection; secrets are resolved in its implementation only. */
export interface ConnectionRegistry {
  /**
   * Runs work with the named database, opened at first use and shared while somebody uses it.
   * @throws SluiceError config.unknown_name, database.*
   */
  useDatabase<T>(name: string, work: (database: Database) => Promise<T>): Promise<T>;
  useHub<T>(name: string, work: (hub: Hub) => Promise<T>): Promise<T>;
  /** Closes the named one once its last user is done; the next use opens it anew. */
  evict(name: string): void;
  closeAll(): Promise<void>;
}
