/** What a worker says when it joins: which partitions it works on, and since when it belongs to the group. */
export interface Claim {
  readonly memberId: string;
  /** Of the last assignment it had; a claim of an older one gives way. */
  readonly generation: number;
  readonly owned: readonly number[];
}

/** What a worker is told. */
export interface Assignment {
  /** Its partitions from now on: all that it claimed and nobody else has, and of those that nobody has its share. */
  readonly owned: readonly number[];
  /** How many it shall keep: it gives the rest up once nothing of them is in hand, and joins again without them. */
  readonly quota: number;
}

/**
 * Shares partitions evenly and never takes one away: who has too many gives them up by itself, so that nothing that is
 * in hand is delivered to another worker as well.
 */
export function assign(claims: readonly Claim[], partitions: number): ReadonlyMap<string, Assignment> {
  const owners = new Map<number, Claim>();
  for (const claim of claims) {
    for (const partition of claim.owned) {
      const other = owners.get(partition);
      if (partition < partitions && (!other || other.generation < claim.generation))
        owners.set(partition, claim);
    }
  }
  const owned = new Map(claims.map(({ memberId }) => [memberId, [] as number[]]));
  for (const [partition, { memberId }] of owners) owned.get(memberId)?.push(partition);
  for (let partition = 0; partition < partitions; partition += 1) {
    if (owners.has(partition)) continue;
    const [poorest] = [...owned.values()].sort((a, b) => a.length - b.length);
    poorest?.push(partition);
  }
  const byWealth = [...owned].sort(([, a], [, b]) => b.length - a.length);
  const least = Math.floor(partitions / Math.max(1, claims.length));
  const extra = partitions % Math.max(1, claims.length);
  return new Map(
    byWealth.map(([memberId, list], index) => [
      memberId,
      { owned: list.sort((a, b) => a - b), quota: least + (index < extra ? 1 : 0) },
    ]),
  );
}
