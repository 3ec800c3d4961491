import type { Config } from '../../model/config.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { Ends } from '../../workers/local.ts';
import { withDatabase } from './open-connection.ts';

/** Opens source and target of a transfer for as long as `work` needs them. */
export const withEnds = <T>(
  config: Config,
  spec: TransferSpec,
  work: (ends: Ends) => Promise<T>,
): Promise<T> =>
  withDatabase(config, spec.source, (source) =>
    withDatabase(config, spec.target, (target) => work({ source, target })),
  );
