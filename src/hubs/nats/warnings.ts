import type { Troubles } from '../../engine/hub/troubles.ts';
import type { NatsConfig } from './config.ts';
import type { Connection } from './connection.ts';

/** Below it: streams lost after kill -9 (2.10.20 to 2.10.22), acknowledged writes lost at membership changes (before 2.12.3). */
const OLDEST = [2, 12, 3] as const;
/** A default block with its header travels whole from here on (max_payload is 1 MB unless it is set). */
const ROOMY_PAYLOAD_BYTES = 5 * 1024 * 1024;
const MONITOR_TIMEOUT_MS = 3_000;

function isOld(version: string): boolean {
  const parts = version.split(/[.-]/, 3).map(Number);
  for (const [index, oldest] of OLDEST.entries()) {
    const part = parts[index] ?? 0;
    if (part !== oldest) return part < oldest;
  }
  return false;
}

const NOT_SYNCED =
  'JetStream does not sync each write: a power cut can lose confirmed messages or a whole stream, which are then copied again ' +
  '(set jetstream { sync_interval: always }, or replicas: 3 on servers that do not fail together)';

/** True or false as the monitoring address says; null where it does not answer. */
async function syncsAlways(monitor: string, signal: AbortSignal): Promise<boolean | null> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(MONITOR_TIMEOUT_MS)]);
    const answer = await fetch(new URL('/jsz', monitor), { signal: limit });
    const report = (await answer.json()) as { readonly config?: { readonly sync_always?: unknown } };
    return report.config === undefined ? null : report.config.sync_always === true;
  } catch {
    return null;
  }
}

/** No client may ask JetStream for this: it stands in the monitoring report of the server and nowhere else. */
async function syncWarnings(config: NatsConfig, signal: AbortSignal): Promise<readonly string[]> {
  if (config.replicas >= 3) return [];
  if (config.monitor === undefined) {
    return [
      'whether JetStream syncs each write could not be checked: set `monitor` to the address of its monitoring port',
    ];
  }
  const synced = await syncsAlways(config.monitor, signal);
  if (synced === null)
    return [
      'whether JetStream syncs each write could not be checked: the monitoring address does not answer',
    ];
  return synced ? [] : [NOT_SYNCED];
}

/** See Hub.warnings. */
export async function collectWarnings(
  connection: Connection,
  config: NatsConfig,
  troubles: Troubles,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { version, max_payload: payload } = connection.info;
  const warnings = [...troubles.list()];
  if (connection.trouble !== null)
    warnings.unshift(`NATS is away, connecting again goes on [${connection.trouble}]`);
  if (isOld(version))
    warnings.push(
      `nats-server ${version} is older than ${OLDEST.join('.')} and has faults that lose streams`,
    );
  if (payload < ROOMY_PAYLOAD_BYTES) {
    warnings.push(`max_payload is ${payload} bytes: blocks are cut to fit; 8MB is what Sluice likes`);
  }
  return [...warnings, ...(await syncWarnings(config, signal))];
}
