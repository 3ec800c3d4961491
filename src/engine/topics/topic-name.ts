import type { TableName } from '../../model/table-name.ts';
import { SluiceError } from '../../model/sluice-error.ts';

const PLACEHOLDER = /\{(schema|table)\}/g;
/** What topics of Kafka and subjects of NATS both allow. */
const LEGAL = /^[A-Za-z0-9._-]+$/;
const ILLEGAL_LETTER = /[^A-Za-z0-9_-]/g;
/** Kafka's limit. */
const MOST_LETTERS = 249;

/** @throws SluiceError config.invalid */
export function checkTopicTemplate(template: string): void {
  const rest = template.replaceAll(PLACEHOLDER, 'x');
  const isSubject = rest.split('.').every((token) => token !== '');
  if (LEGAL.test(rest) && isSubject) return;
  throw new SluiceError('config.invalid', `topics.name is no name of a topic: ${template}`, {
    suggestion: 'letters, digits, "_", "-", ".", {schema} and {table}, for example cdc.{schema}.{table}',
  });
}

/**
 * The topic of a table. Letters of its names that topics cannot have, dots among them, are `_`: two tables may share a topic so, and their
 * messages say which is which.
 * @throws SluiceError config.invalid where it is too long
 */
export function topicName(template: string, table: TableName): string {
  const names = { schema: table.schema, table: table.name };
  const topic = template.replaceAll(PLACEHOLDER, (_, part: 'schema' | 'table') =>
    names[part].replaceAll(ILLEGAL_LETTER, '_'),
  );
  if (topic.length > MOST_LETTERS)
    throw new SluiceError(
      'config.invalid',
      `the name of a topic is longer than ${MOST_LETTERS} letters: ${topic}`,
    );
  return topic;
}
