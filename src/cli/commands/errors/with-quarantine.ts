import type { Quarantine } from '../../../engine/ports/quarantine.ts';
import { capturePlaceOf } from '../../../model/capture-spec.ts';
import type { Config } from '../../../model/config.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { withDatabase } from '../../connection/open-connection.ts';

/**
 * Opens where the changes of a transfer are set apart: beside the ledger of its target, or in the capture of its source where they go to
 * topics. Neither Temporal nor a worker is needed.
 * @throws SluiceError config.*, database.*, capture.table_unsupported
 */
export function withQuarantine<T>(
  config: Config,
  transfer: string,
  work: (quarantine: Quarantine) => Promise<T>,
): Promise<T> {
  const spec = config.transfer(transfer);
  const isToTopics = spec.topics !== undefined;
  return withDatabase(config, isToTopics ? spec.source : spec.target, (database) => {
    const quarantine = isToTopics
      ? database.capture?.(capturePlaceOf(config.captures[spec.source])).quarantine
      : database.quarantine;
    if (quarantine) return work(quarantine);
    throw new SluiceError(
      'capture.table_unsupported',
      `changes are never set apart in ${database.dialect.name}`,
      { where: `transfer ${transfer}` },
    );
  });
}
