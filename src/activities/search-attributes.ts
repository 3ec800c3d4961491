import { Context } from '@temporalio/activity';

/** Must equal SEARCH_ATTRIBUTES of workflows/messages.ts; a test compares. */
export const SEARCH_ATTRIBUTE_NAMES = [
  'SluiceTransfer',
  'SluiceSource',
  'SluiceTarget',
  'SluicePhase',
  'SluiceHealth',
] as const;

/**
 * Whether the server knows our search attributes. Asked before the workflow sets any, because a server that does not
 * know one fails the workflow's task again and again. A server that does not answer the question counts as without.
 */
export async function serverKnowsSearchAttributes(): Promise<boolean> {
  try {
    const { client, info } = Context.current();
    const answer = await client.connection.operatorService.listSearchAttributes({
      namespace: info.namespace,
    });
    const known = answer.customAttributes ?? {};
    return SEARCH_ATTRIBUTE_NAMES.every((name) => Object.hasOwn(known, name));
  } catch {
    return false;
  }
}
