import type { PartitionView } from './requests.ts';

/** Partitions by the broker that leads them: one request each. */
export function byLeader(
  partitions: readonly PartitionView[],
): ReadonlyMap<number, readonly PartitionView[]> {
  const groups = new Map<number, PartitionView[]>();
  for (const partition of partitions) {
    const group = groups.get(partition.leader);
    if (group) group.push(partition);
    else groups.set(partition.leader, [partition]);
  }
  return groups;
}
