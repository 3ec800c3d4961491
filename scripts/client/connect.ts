import { readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';

/** A client as the environment of the temporal CLI says: TEMPORAL_ADDRESS, _NAMESPACE, _API_KEY, _TLS_CLIENT_…_PATH. */
export async function connect(): Promise<Client> {
  const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS } = process.env;
  const certificate = process.env['TEMPORAL_TLS_CLIENT_CERT_PATH'];
  const key = process.env['TEMPORAL_TLS_CLIENT_KEY_PATH'];
  const tls =
    certificate && key
      ? { clientCertPair: { crt: readFileSync(certificate), key: readFileSync(key) } }
      : undefined;
  const connection = await Connection.connect({
    address: TEMPORAL_ADDRESS ?? 'localhost:7233',
    ...(TEMPORAL_API_KEY ? { apiKey: TEMPORAL_API_KEY } : {}),
    tls: tls ?? (TEMPORAL_TLS === 'true' || TEMPORAL_API_KEY !== undefined),
  });
  return new Client({ connection, namespace: TEMPORAL_NAMESPACE ?? 'default' });
}

/** An argument of the command line. */
export function argument(index: number, name: string): string {
  const value = process.argv[2 + index];
  if (value === undefined) {
    console.error(`usage: node --import tsx ${process.argv[1]}: <${name}> is missing`);
    process.exit(2);
  }
  return value;
}
