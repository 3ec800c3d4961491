import { type Command, Option } from 'commander';
import type { Environment } from '../catalog/variables.ts';
import { SluiceError } from '../model/sluice-error.ts';
import { OUTPUT_FORMATS, type OutputFormat } from './output.ts';

/** Flags that every command takes, as commander gives them. */
export interface GlobalOptions {
  readonly config?: string;
  readonly address?: string;
  readonly namespace?: string;
  readonly apiKey?: string;
  readonly tls?: boolean;
  readonly tlsCaPath?: string;
  readonly tlsCertPath?: string;
  readonly tlsKeyPath?: string;
  readonly tlsServerName?: string;
  readonly profile?: string;
  readonly taskQueue?: string;
  readonly output?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly color?: boolean;
}

/** Names and short forms are those of the temporal CLI where it has them. */
export function addGlobalOptions(program: Command): void {
  program
    .option(
      '-c, --config <file>',
      'configuration (SLUICE_CONFIG; default sluice.yaml, sluice.yml, sluice.json)',
    )
    .option(
      '--address <host:port>',
      'Temporal service (SLUICE_ADDRESS, TEMPORAL_ADDRESS; default localhost:7233)',
    )
    .option(
      '-n, --namespace <name>',
      'Temporal namespace (SLUICE_NAMESPACE, TEMPORAL_NAMESPACE; default "default")',
    )
    .option('--api-key <key>', 'API key for Temporal (TEMPORAL_API_KEY)')
    .option('--tls', 'speak TLS to Temporal (TEMPORAL_TLS)')
    .option('--no-tls', 'speak plain text to Temporal')
    .option('--tls-ca-path <file>', 'certificate of the CA (TEMPORAL_TLS_SERVER_CA_CERT_PATH)')
    .option('--tls-cert-path <file>', 'client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH)')
    .option('--tls-key-path <file>', 'key of the client certificate (TEMPORAL_TLS_CLIENT_KEY_PATH)')
    .option('--tls-server-name <name>', 'name that the certificate must have (TEMPORAL_TLS_SERVER_NAME)')
    .option('--profile <name>', 'profile of the temporal CLI (TEMPORAL_PROFILE; default "default")')
    .option('--task-queue <name>', 'task queue of the workers (SLUICE_TASK_QUEUE; default "sluice")')
    .addOption(
      new Option('-o, --output <format>', 'how answers are printed (SLUICE_OUTPUT)').choices([
        ...OUTPUT_FORMATS,
      ]),
    )
    .option('--dry-run', 'say what would be done and do nothing')
    .option('-y, --yes', 'do not ask')
    .option('--no-color', 'no colours (NO_COLOR)');
}

/** @throws SluiceError input.invalid */
export function outputFormat(options: GlobalOptions, environment: Environment): OutputFormat {
  const wanted = options.output ?? (environment['SLUICE_OUTPUT'] || 'text');
  const format = OUTPUT_FORMATS.find((known) => known === wanted);
  if (format !== undefined) return format;
  throw new SluiceError('input.invalid', `there is no output format "${wanted}"`, {
    where: 'SLUICE_OUTPUT',
    suggestion: `one of ${OUTPUT_FORMATS.join(', ')}`,
  });
}
