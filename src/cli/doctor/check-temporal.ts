import type { Client } from '@temporalio/client';
import { isSluiceError, SluiceError } from '../../model/sluice-error.ts';
import type { Config } from '../../model/config.ts';
import { SEARCH_ATTRIBUTES, type TaskQueues, taskQueues } from '../../workflows/messages.ts';
import type { Context } from '../context.ts';
import { explainTemporalError } from '../temporal/explain-error.ts';
import { idleQueues } from '../temporal/has-pollers.ts';
import { connectionFlags } from '../transfer/schedule-lines.ts';
import { bad, type Check, good, warning } from './check.ts';

const DEADLINE_MS = 10_000;

/** temporal.api.enums.v1.IndexedValueType of keywords. */
const KEYWORD = 2;

async function checkNamespace(client: Client, namespace: string): Promise<Check> {
  const found = await client.workflowService.describeNamespace({ namespace });
  const seconds = Number(found.config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  const days = seconds / 86_400;
  const text = `${namespace}, keeps ended runs ${days} days`;
  if (days >= 7) return good('namespace', text);
  return warning(
    'namespace',
    text,
    `temporal operator namespace update --namespace ${namespace} --retention 7d`,
  );
}

async function checkSearchAttributes(
  client: Client,
  namespace: string,
  flags: readonly string[],
): Promise<Check> {
  const found = await client.connection.operatorService.listSearchAttributes({ namespace });
  const wanted = Object.values(SEARCH_ATTRIBUTES);
  const missing = wanted.filter((name) => Number(found.customAttributes?.[name]) !== KEYWORD);
  if (missing.length === 0) return good('search attributes', 'all registered');
  const words = missing.flatMap((name) => ['--name', name, '--type', 'Keyword']);
  return warning(
    'search attributes',
    `not registered: ${missing.join(', ')}`,
    ['temporal operator search-attribute create', ...words, ...flags].join(' '),
  );
}

/** One installation has queues of its base name, and for each pair of sites that a transfer has. */
function queuesOf(base: string, config: Config | null): readonly TaskQueues[] {
  const transfers = Object.values(config?.transfers ?? {});
  const ends = transfers.map(({ source, target }) => ({
    source: config?.siteOf(source) ?? null,
    target: config?.siteOf(target) ?? null,
  }));
  return (ends.length === 0 ? [{ source: null, target: null }] : ends).map((sites) =>
    taskQueues(base, sites),
  );
}

async function checkPollers(
  client: Client,
  namespace: string,
  { base, config }: { readonly base: string; readonly config: Config | null },
): Promise<Check> {
  const installations = queuesOf(base, config);
  const names = [...new Set(installations.flatMap((queues) => Object.values(queues) as readonly string[]))];
  const idle = [
    ...new Set(
      (await Promise.all(installations.map((queues) => idleQueues(client, namespace, queues)))).flat(),
    ),
  ];
  if (idle.length === 0) return good('workers', `poll ${names.join(', ')}`);
  return bad(
    'workers',
    new SluiceError('temporal.no_worker', `no worker polls ${idle.join(', ')}`, {
      suggestion: `sluice worker --task-queue ${base}`,
    }),
  );
}

async function attempt(name: string, check: Promise<Check>): Promise<Check> {
  try {
    return await check;
  } catch (error) {
    const explained = explainTemporalError(error);
    return bad(name, isSluiceError(explained) ? explained : new SluiceError('internal', String(explained)));
  }
}

/** A configuration that cannot be read is a finding of its own. */
function configOrNull(context: Context): Config | null {
  try {
    return context.configIfThere();
  } catch {
    return null;
  }
}

/** Reachable, namespace there, search attributes registered, workers polling: what every transfer needs of Temporal. */
export async function checkTemporal(context: Context): Promise<readonly Check[]> {
  const settings = await context.temporal();
  let client: Client;
  try {
    client = await context.client();
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return [bad('temporal', error)];
  }
  return client.withDeadline(Date.now() + DEADLINE_MS, async () => {
    const system = await client.workflowService.getSystemInfo({});
    const { namespace } = settings;
    const checks = await Promise.all([
      attempt('namespace', checkNamespace(client, namespace)),
      attempt('search attributes', checkSearchAttributes(client, namespace, connectionFlags(settings))),
      attempt(
        'workers',
        checkPollers(client, namespace, { base: settings.taskQueue, config: configOrNull(context) }),
      ),
    ]);
    return [good('temporal', `${settings.address}, server ${system.serverVersion}`), ...checks];
  });
}
