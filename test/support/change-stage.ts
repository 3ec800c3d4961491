import { expect } from 'vitest';
import type { TransferSpec } from '../../src/model/transfer-spec.ts';
import { type ChangeChecks, changeChecks } from './change-checks.ts';
import { LOADS } from './load-products.ts';
import { servers } from './servers.ts';
import {
  MARIADB,
  MYSQL,
  POSTGRESQL,
  SQLITE,
  type StageDatabase,
  type StageProduct,
} from './stage-databases.ts';
import { createWorld, type TransferWorld, type WorldOptions } from './transfer-world.ts';

export interface ChangeStage extends ChangeChecks {
  readonly source: StageDatabase;
  readonly target: StageDatabase;
  readonly world: TransferWorld;
  /** Events that are recorded at a PostgreSQL source, applied or not. */
  recorded(): Promise<number>;
  close(): Promise<void>;
}

export type EndName = keyof typeof LOADS;

interface End {
  readonly product: Pick<StageProduct, 'pattern' | 'create'>;
  readonly server: () => string;
}

const ENDS: Readonly<Record<EndName, End>> = {
  postgresql: { product: POSTGRESQL, server: () => servers().postgresUrl },
  mariadb: { product: MARIADB, server: () => servers().mariadbUrl },
  mysql: { product: MYSQL, server: () => servers().mysqlUrl },
  sqlite: { product: SQLITE, server: () => 'a file' },
};

const SPEC = {
  completion: { verify: 'checksum', gracePeriod: '1s' },
  recovery: { heartbeatTimeout: '5s' },
  reportingInterval: '1s',
  changes: { claimEvents: 500 },
} as const satisfies Partial<TransferSpec>;

export interface ChangeStageOptions {
  /** Of both ends; default: PostgreSQL. */
  readonly from?: EndName;
  readonly spec?: Partial<TransferSpec>;
  readonly hub?: WorldOptions['hub'];
  /** Statements that make the tables; default: those of the load. */
  readonly sql?: string;
  readonly capture?: WorldOptions['capture'];
  /** How workers reach an end, when it is not by its own URL: through a proxy. */
  readonly through?: { readonly source?: (url: string) => string; readonly target?: (url: string) => string };
}

/** Two databases of a product and a transfer whose source is captured and changed while it is copied and followed. */
export async function createChangeStage(options: ChangeStageOptions = {}): Promise<ChangeStage> {
  const { from = 'postgresql' } = options;
  const { product, server } = ENDS[from];
  const load = LOADS[from];
  const [source, target] = await Promise.all([product.create(server()), product.create(server())]);
  const session = await load.connect(source.url);
  for (const sql of options.sql === undefined ? load.tables : [options.sql]) await session.run(sql);
  await session.close();
  const { through = {} } = options;
  const world = await createWorld({
    source: through.source?.(source.url) ?? source.url,
    target: through.target?.(target.url) ?? target.url,
    ...(options.hub === undefined ? {} : { hub: options.hub }),
    capture: options.capture ?? { tables: { [product.pattern]: {} } },
    spec: { ...SPEC, tables: { [product.pattern]: {} }, mode: 'both', ...options.spec },
  });
  for (const command of ['install', 'deploy']) {
    const ran = await world.cli('capture', command, 'source');
    expect(ran, ran.stderr + ran.stdout).toMatchObject({ code: 0 });
  }
  return {
    source,
    target,
    world,
    ...changeChecks(source, target),
    recorded: async () => Number(await source.cell('SELECT count(*) FROM sluice_capture.event_logs')),
    close: async () => {
      await world.close();
      await source.drop();
      await target.drop();
    },
  };
}
