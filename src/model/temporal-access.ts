/** How to reach Temporal; contents of files, not paths. Holds secrets. */
export interface TemporalAccess {
  readonly address: string;
  readonly namespace: string;
  readonly apiKey: string | null;
  readonly tls: TlsAccess | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Base name of the task queues. */
  readonly taskQueue: string;
}

export interface TlsAccess {
  readonly serverName: string | null;
  readonly serverCa: Buffer | null;
  readonly clientCertificate: Buffer | null;
  readonly clientKey: Buffer | null;
}

/** As both connections of Temporal's SDK want it, the client's and the worker's. */
export const connectionOptions = ({ address, apiKey, tls, metadata }: TemporalAccess) => ({
  address,
  metadata: { ...metadata },
  ...(apiKey === null ? {} : { apiKey }),
  tls: tls && {
    ...(tls.serverName === null ? {} : { serverNameOverride: tls.serverName }),
    ...(tls.serverCa === null ? {} : { serverRootCACertificate: tls.serverCa }),
    ...(tls.clientCertificate && tls.clientKey
      ? { clientCertPair: { crt: tls.clientCertificate, key: tls.clientKey } }
      : {}),
  },
});
