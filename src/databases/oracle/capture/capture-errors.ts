import type { ErrorContext } from '../error-codes.ts';
import type { CaptureNames } from './capture-names.ts';

/** Of statements on our own tables: where they are not there, nothing was installed. */
export const inCapture = ({ schema }: CaptureNames): ErrorContext => ({ side: 'capture', where: schema });
