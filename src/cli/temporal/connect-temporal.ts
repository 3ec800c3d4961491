import { Client, Connection } from '@temporalio/client';
import { SluiceError } from '../../model/sluice-error.ts';
import { connectionOptions, type TemporalAccess } from '../../model/temporal-access.ts';

/** How long a client waits for Temporal before it says so. */
const CONNECT_TIMEOUT_MS = 5_000;

/** @throws SluiceError temporal.unreachable */
export async function connectTemporal(settings: TemporalAccess): Promise<Client> {
  try {
    const connection = await Connection.connect({
      ...connectionOptions(settings),
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
    return new Client({ connection, namespace: settings.namespace });
  } catch (cause) {
    throw new SluiceError('temporal.unreachable', `no Temporal service answers at ${settings.address}`, {
      suggestion: 'check --address, or start one with: temporal server start-dev',
      cause,
    });
  }
}
