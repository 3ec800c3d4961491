import { type Capture, captureOf } from '../engine/planning/changes-of-transfer.ts';
import type { Database } from '../engine/ports/dialect.ts';
import { capturePlaceOf } from '../model/capture-spec.ts';
import type { ActivityDeps } from './contract.ts';

/** The capture of an opened source, where this worker's configuration says that it is. @throws SluiceError capture.table_unsupported */
export const captureOfSource = (
  { config }: Pick<ActivityDeps, 'config'>,
  source: Database,
  name: string,
): Capture => captureOf(source, capturePlaceOf(config.captures[name]));
