import type { SluiceError } from '../../model/sluice-error.ts';

/** One thing that doctor looked at. */
export interface Check {
  readonly name: string;
  readonly state: 'good' | 'warning' | 'bad';
  /** What was found, in a few words. */
  readonly found: string;
  /** What mends it; null where nothing is to be done. */
  readonly mend: string | null;
  readonly error: SluiceError | null;
}

export const good = (name: string, found: string): Check => ({
  name,
  state: 'good',
  found,
  mend: null,
  error: null,
});

export const warning = (name: string, found: string, mend: string): Check => ({
  name,
  state: 'warning',
  found,
  mend,
  error: null,
});

export const bad = (name: string, error: SluiceError): Check => ({
  name,
  state: 'bad',
  found: error.message,
  mend: error.details.suggestion ?? null,
  error,
});
