import type { TSchema } from '@sinclair/typebox';
import type { ResolvedConnection } from '../model/config.ts';
import { SluiceError } from '../model/sluice-error.ts';
import { checkValue } from './check-value.ts';
import { convertTexts } from './convert-texts.ts';
import { pointerKeys } from './parse-document.ts';

/**
 * The settings of a connection as its kind of database or hub wants them: texts from variables read as numbers.
 * @param schema  `settings` of the Dialect or HubKind
 * @throws SluiceError config.unknown_key, config.invalid with the place of the key
 */
export function checkSettings(
  connection: ResolvedConnection,
  schema: TSchema,
): Readonly<Record<string, unknown>> {
  const settings = convertTexts(connection.settings, checkValue(schema, connection.settings), () => true);
  const [finding] = checkValue(schema, settings);
  if (finding) {
    const key = pointerKeys(finding.pointer)[0] ?? '';
    throw new SluiceError(finding.code, finding.message, {
      where: connection.whereKey(key),
      ...(finding.suggestion === undefined ? {} : { suggestion: finding.suggestion }),
    });
  }
  return settings as Readonly<Record<string, unknown>>;
}
