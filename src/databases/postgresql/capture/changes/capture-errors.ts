import { isSluiceError, SluiceError } from '../../../../model/sluice-error.ts';
import type { Session } from '../../pool.ts';
import { CAPTURE_VERSION, type CaptureNames } from '../capture-tables.ts';

const NO_TABLE = new Set(['42P01', '3F000']);
const NO_COLUMN = '42703';

/** An error of a statement on our own tables: where they are not there, nothing was installed; or an earlier version, without a column. */
export function inCapture(error: unknown, schema: string): unknown {
  if (!isSluiceError(error)) return error;
  if (error.details.vendorCode === NO_COLUMN)
    return new SluiceError(
      'capture.not_installed',
      `the capture in the schema ${schema} is of an earlier version`,
      {
        ...error.details,
        suggestion: 'sluice capture install brings it up to date',
      },
    );
  if (!NO_TABLE.has(error.details.vendorCode ?? '')) return error;
  return new SluiceError('capture.not_installed', `the schema ${schema} has no capture`, error.details);
}

/** @throws SluiceError capture.not_installed for an installation of before, which lacks something of what is relied on */
export async function demandCurrent(session: Session, { installation, schema }: CaptureNames): Promise<void> {
  const version = Number(await session.cell(`SELECT version FROM ${installation}`));
  if (version >= CAPTURE_VERSION) return;
  throw new SluiceError('capture.not_installed', `the capture in schema ${schema} is of an earlier version`, {
    suggestion: 'sluice capture install brings it up to date, and keeps what it has',
  });
}
