import { renderCli } from './render-cli.ts';
import { renderConfiguration } from './render-configuration.ts';
import { renderErrors } from './render-errors.ts';
import { renderMetrics } from './render-metrics.ts';
import { renderTypes } from './render-types.ts';

/** Pages of docs/reference that are written from the code, by file name. */
export const GENERATED_PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'cli.md': renderCli,
  'configuration.md': renderConfiguration,
  'errors.md': renderErrors,
  'metrics.md': renderMetrics,
  'types.md': renderTypes,
};
