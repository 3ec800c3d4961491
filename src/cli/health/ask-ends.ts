import type { Quarantine } from '../../engine/ports/quarantine.ts';
import type { Config } from '../../model/config.ts';
import type { ParkedCounts } from '../../model/quarantine.ts';
import { isSluiceError, type SluiceError } from '../../model/sluice-error.ts';
import type { TransferSpec } from '../../model/transfer-spec.ts';
import type { EndFacts, Trouble } from '../../workers/local.ts';
import { withDatabase } from '../connection/open-connection.ts';
import { testConnection } from '../connection/test-connection.ts';

export type Transfers = readonly (readonly [name: string, spec: TransferSpec])[];

export const troubleOf = ({ code, message, details }: SluiceError): Trouble => ({
  code,
  message,
  suggestion: details.suggestion ?? null,
});

/** Refused changes of transfers, by their names; of those that could not be asked none. */
export type Parked = ReadonlyMap<string, ParkedCounts>;

export async function countParked(
  quarantine: Quarantine | undefined,
  transfers: readonly string[],
  signal: AbortSignal,
): Promise<Parked> {
  const found = new Map<string, ParkedCounts>();
  for (const transfer of transfers) found.set(transfer, (await quarantine?.count(transfer, signal)) ?? {});
  return found;
}

async function askHub(config: Config, name: string): Promise<EndFacts> {
  const { version, warnings, error } = await testConnection(config, name);
  return { name, is: 'hub', version, warnings, trouble: error && troubleOf(error) };
}

async function askTarget(
  config: Config,
  name: string,
  transfers: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly end: EndFacts; readonly parked: Parked }> {
  try {
    return await withDatabase(config, name, async (database) => ({
      end: {
        name,
        is: 'target',
        version: await database.ping(signal),
        warnings: (await database.warnings?.(signal)) ?? [],
        trouble: null,
      },
      parked: await countParked(database.quarantine, transfers, signal),
    }));
  } catch (error) {
    if (!isSluiceError(error)) throw error;
    return {
      end: { name, is: 'target', version: null, warnings: [], trouble: troubleOf(error) },
      parked: new Map(),
    };
  }
}

/** Hubs and targets of transfers, each once, and what targets have set apart. What does not answer is told, and stops nothing. */
export async function askEnds(
  config: Config,
  transfers: Transfers,
  signal: AbortSignal,
): Promise<{ readonly ends: readonly EndFacts[]; readonly parked: Parked }> {
  const hubs = [...new Set(transfers.map(([, { hub }]) => hub))];
  const toTargets = transfers.filter(([, { topics }]) => topics === undefined);
  const targets = [...new Set(toTargets.map(([, { target }]) => target))];
  const asked = await Promise.all(
    targets.map((name) => {
      const own = toTargets.filter(([, { target }]) => target === name).map(([transfer]) => transfer);
      return askTarget(config, name, own, signal);
    }),
  );
  return {
    ends: [...(await Promise.all(hubs.map((name) => askHub(config, name)))), ...asked.map(({ end }) => end)],
    parked: new Map(asked.flatMap(({ parked }) => [...parked])),
  };
}
