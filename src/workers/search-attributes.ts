import type { ConnectionLike } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../workflows/messages.ts';
import type { Logger } from './logger.ts';

type Operator = Pick<ConnectionLike, 'operatorService'>;

/** temporal.api.enums.v1.IndexedValueType */
const KEYWORD = 2;

async function missing({ operatorService }: Operator, namespace: string): Promise<readonly string[]> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  return Object.values(SEARCH_ATTRIBUTES).filter((name) => !Object.hasOwn(customAttributes ?? {}, name));
}

/**
 * Whether the server knows our search attributes. Asked before a workflow sets any, because a server that does not know
 * one fails the workflow's task again and again. A server that does not answer the question counts as without.
 */
export async function knowsSearchAttributes(connection: Operator, namespace: string): Promise<boolean> {
  try {
    return (await missing(connection, namespace)).length === 0;
  } catch {
    return false;
  }
}

/** Registers what is missing, where the server lets us; without the right transfers run all the same, and it is said once. */
export async function registerSearchAttributes(
  connection: Operator,
  namespace: string,
  log: Pick<Logger, 'info' | 'warn'>,
): Promise<void> {
  try {
    const names = await missing(connection, namespace);
    if (names.length === 0) return;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(names.map((name) => [name, KEYWORD])),
    });
    log.info({ namespace, searchAttributes: names }, 'search attributes registered');
  } catch (error) {
    // Another worker that starts at this moment may have been faster.
    if (await knowsSearchAttributes(connection, namespace)) return;
    log.warn(
      { namespace, error: error instanceof Error ? error.name : typeof error },
      'search attributes could not be registered: transfers run, but are not found by them; sluice doctor names the command',
    );
  }
}
