import type { CaptureInspector } from '../../../engine/ports/capture-inspector.ts';
import type { CaptureStatistics } from '../../../engine/ports/capture-statistics.ts';
import type { ChangeCapture } from '../../../engine/ports/change-capture.ts';
import type { Database } from '../../../engine/ports/dialect.ts';
import type { Quarantine } from '../../../engine/ports/quarantine.ts';
import type { TableToCapture, TriggerManager } from '../../../engine/ports/trigger-manager.ts';
import { capturePlaceOf, type CaptureSpec } from '../../../model/capture-spec.ts';
import type { Config } from '../../../model/config.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { withDatabase } from '../../connection/open-connection.ts';
import type { Context } from '../../context.ts';

/** The capture of a source, opened. */
export interface OpenCapture {
  readonly spec: CaptureSpec;
  readonly triggers: TriggerManager;
  readonly changes: ChangeCapture;
  readonly statistics: CaptureStatistics;
  readonly inspector: CaptureInspector | undefined;
  readonly quarantine: Quarantine | undefined;
  readonly ping: Database['ping'];
  readonly signal: AbortSignal;
  readonly defaultSchema: string | undefined;
  /** The tables that the configuration captures, or those among them that patterns name. */
  readonly select: (only: readonly string[]) => Promise<readonly TableToCapture[]>;
}

function specOf(config: Config, connection: string): CaptureSpec {
  config.connection(connection); // a name that is no connection is told as that
  const spec = config.captures[connection];
  if (spec) return spec;
  const known = Object.keys(config.captures);
  throw new SluiceError('config.unknown_name', `the configuration captures nothing of "${connection}"`, {
    where: 'captures',
    suggestion:
      known.length === 0
        ? `captures: { ${connection}: { tables: { "public.*": {} } } }`
        : `captures here: ${known.join(', ')}`,
  });
}

const unsupported = (database: Database): SluiceError =>
  new SluiceError('capture.table_unsupported', `changes of ${database.dialect.name} cannot be captured yet`, {
    suggestion: 'transfers with mode: snapshot',
  });

/** Of a source that does not count. */
const NO_STATISTICS: CaptureStatistics = { counts: async () => [], lags: async () => [] };

/** Opens a source for as long as `work` needs its capture. @throws SluiceError config.*, database.*, capture.* */
export async function withCapture<T>(
  config: Config,
  connection: string,
  work: (capture: OpenCapture) => Promise<T>,
): Promise<T> {
  const spec = specOf(config, connection);
  const { selectCapturedTables } = await import('../../../workers/local.ts');
  return withDatabase(config, connection, (database) => {
    const found = database.capture?.(capturePlaceOf(spec));
    if (!found) throw unsupported(database);
    const { signal } = new AbortController();
    return work({
      spec,
      triggers: found.triggers,
      changes: found.changes,
      statistics: found.statistics ?? NO_STATISTICS,
      inspector: found.inspector,
      quarantine: found.quarantine,
      ping: (pinging) => database.ping(pinging),
      signal,
      defaultSchema: database.defaultSchema,
      select: (only) => selectCapturedTables(database, { connection, spec, only }, signal),
    });
  });
}

/** @throws SluiceError input.invalid without --yes */
export function demandYes(context: Context, connection: string, does: string): void {
  if (context.options.yes) return;
  throw new SluiceError('input.invalid', does, {
    where: `capture of ${connection}`,
    suggestion: 'say so with --yes',
  });
}
