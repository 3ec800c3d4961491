import { SluiceError } from '../../../model/sluice-error.ts';
import type { ErrorContext } from '../error-codes.ts';
import type { Session } from '../connections/session.ts';
import { CAPTURE_VERSION, type CaptureNames } from './capture-tables.ts';

/** Of statements on our own tables: where they are not there, nothing was installed. */
export const inCapture = ({ schema }: CaptureNames): ErrorContext => ({ side: 'capture', where: schema });

/** @throws SluiceError capture.not_installed for an installation of before, which lacks something of what is relied on */
export async function demandCurrent(session: Session, { installation, schema }: CaptureNames): Promise<void> {
  const version = Number(await session.cell(`SELECT version FROM ${installation}`));
  if (version >= CAPTURE_VERSION) return;
  throw new SluiceError(
    'capture.not_installed',
    `the capture in database ${schema} is of an earlier version`,
    {
      suggestion: 'sluice capture install brings it up to date, and keeps what it has',
    },
  );
}
