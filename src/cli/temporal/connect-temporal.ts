import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TemporalSettings } from './temporal-settings.ts';

/** How long a client waits for Temporal before it says so. */
const CONNECT_TIMEOUT_MS = 5_000;

/** The settings as the SDK's Connection wants them. */
export function connectionOptions({ address, apiKey, tls, metadata }: TemporalSettings): ConnectionOptions {
  return {
    address,
    connectTimeout: CONNECT_TIMEOUT_MS,
    metadata: { ...metadata },
    ...(apiKey === null ? {} : { apiKey }),
    tls: tls && {
      ...(tls.serverName === null ? {} : { serverNameOverride: tls.serverName }),
      ...(tls.serverCa === null ? {} : { serverRootCACertificate: tls.serverCa }),
      ...(tls.clientCertificate && tls.clientKey
        ? { clientCertPair: { crt: tls.clientCertificate, key: tls.clientKey } }
        : {}),
    },
  };
}

/** @throws SluiceError temporal.unreachable */
export async function connectTemporal(settings: TemporalSettings): Promise<Client> {
  try {
    const connection = await Connection.connect(connectionOptions(settings));
    return new Client({ connection, namespace: settings.namespace });
  } catch (cause) {
    throw new SluiceError('temporal.unreachable', `no Temporal service answers at ${settings.address}`, {
      suggestion: 'check --address, or start one with: temporal server start-dev',
      cause,
    });
  }
}
