import { readFileSync } from 'node:fs';
import type { Environment } from '../../catalog/variables.ts';
import { SluiceError } from '../../model/sluice-error.ts';
import type { TemporalAccess, TlsAccess } from '../../model/temporal-access.ts';
import { DEFAULT_TASK_QUEUE } from '../../workflows/messages.ts';
import type { GlobalOptions } from '../global-options.ts';
import { readProfile, type TemporalProfile } from './temporal-profile.ts';

/** One setting, in order of precedence: flag, environment, profile; empty texts count as not given. */
type Look = (flag: string | undefined, variables: readonly string[], key: string) => string | undefined;

const lookIn =
  (environment: Environment, profile: TemporalProfile): Look =>
  (flag, variables, key) => {
    const inProfile = profile[key];
    const named = [flag, ...variables.map((name) => environment[name])].find(
      (value) => value !== undefined && value !== '',
    );
    return named ?? (inProfile === undefined || inProfile === '' ? undefined : String(inProfile));
  };

const isTrue = (text: string | undefined): boolean =>
  text !== undefined && ['true', '1', 'yes'].includes(text.toLowerCase());

function contents(look: Look, flag: string | undefined, name: string): Buffer | null {
  const upper = name.toUpperCase();
  const path = look(flag, [`TEMPORAL_TLS_${upper}_PATH`], `tls.${name}_path`);
  const data =
    flag === undefined ? look(undefined, [`TEMPORAL_TLS_${upper}_DATA`], `tls.${name}_data`) : undefined;
  if (data !== undefined) return Buffer.from(data);
  if (path === undefined) return null;
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new SluiceError(
      'input.invalid',
      `the TLS file cannot be read (${(cause as NodeJS.ErrnoException).code})`,
      {
        where: path,
        cause,
      },
    );
  }
}

function tlsOf(options: GlobalOptions, look: Look, apiKey: string | null): TlsAccess | null {
  if (options.tls === false) return null;
  if (isTrue(look(undefined, ['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION'], 'tls.disable_host_verification'))) {
    throw new SluiceError('input.invalid', 'TLS without host verification is not supported', {
      where: 'tls.disable_host_verification',
      suggestion: 'name the CA with --tls-ca-path and the name with --tls-server-name',
    });
  }
  const tls: TlsAccess = {
    serverName: look(options.tlsServerName, ['TEMPORAL_TLS_SERVER_NAME'], 'tls.server_name') ?? null,
    serverCa: contents(look, options.tlsCaPath, 'server_ca_cert'),
    clientCertificate: contents(look, options.tlsCertPath, 'client_cert'),
    clientKey: contents(look, options.tlsKeyPath, 'client_key'),
  };
  const wanted = look(undefined, ['TEMPORAL_TLS'], 'tls.enabled');
  if (options.tls === undefined && wanted !== undefined && !isTrue(wanted)) return null;
  if (options.tls === undefined && isTrue(look(undefined, [], 'tls.disabled'))) return null;
  // As the temporal CLI does it: an API key or any TLS option turns TLS on.
  const given = Object.values(tls).some((value) => value !== null);
  return options.tls === true || isTrue(wanted) || given || apiKey !== null ? tls : null;
}

const METADATA = /^TEMPORAL_GRPC_META_(.+)$/;

function metadataOf(environment: Environment, profile: TemporalProfile): Readonly<Record<string, string>> {
  const fromProfile = Object.entries(profile)
    .filter(([key]) => key.startsWith('grpc_meta.'))
    .map(([key, value]) => [key.slice('grpc_meta.'.length), String(value)] as const);
  const fromEnvironment = Object.entries(environment).flatMap(([name, value]) => {
    const key = METADATA.exec(name)?.[1];
    return key === undefined || value === undefined
      ? []
      : [[key.toLowerCase().replaceAll('_', '-'), value] as const];
  });
  return Object.fromEntries([...fromProfile, ...fromEnvironment]);
}

/**
 * Settings of the connection to Temporal: flag, SLUICE_*, TEMPORAL_*, profile of the temporal CLI, default.
 * @throws SluiceError input.invalid
 */
export function temporalSettings(options: GlobalOptions, environment: Environment): TemporalAccess {
  const ignoreFile = isTrue(environment['TEMPORAL_DISABLE_CONFIG_FILE']);
  const profile = ignoreFile ? {} : readProfile(environment, options.profile);
  const look = lookIn(environment, profile);
  const apiKey = look(options.apiKey, ['TEMPORAL_API_KEY'], 'api_key') ?? null;
  return {
    address: look(options.address, ['SLUICE_ADDRESS', 'TEMPORAL_ADDRESS'], 'address') ?? 'localhost:7233',
    namespace: look(options.namespace, ['SLUICE_NAMESPACE', 'TEMPORAL_NAMESPACE'], 'namespace') ?? 'default',
    apiKey,
    tls: tlsOf(options, look, apiKey),
    metadata: metadataOf(environment, profile),
    taskQueue: options.taskQueue || environment['SLUICE_TASK_QUEUE'] || DEFAULT_TASK_QUEUE,
  };
}
