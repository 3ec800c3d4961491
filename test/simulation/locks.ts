/** Who holds locks: a transaction. */
export interface Holder {
  over: boolean;
  readonly locks: Set<string>;
}

export const createHolder = (): Holder => ({ over: false, locks: new Set() });

interface Waiting {
  readonly holder: Holder;
  readonly granted: () => void;
}

/** Exclusive locks by name, granted in the order in which they were asked for. */
export function createLocks() {
  const owners = new Map<string, Holder>();
  const queues = new Map<string, Waiting[]>();

  const acquire = (holder: Holder, name: string, granted: () => void): void => {
    const owner = owners.get(name);
    if (!owner || owner === holder) {
      owners.set(name, holder);
      holder.locks.add(name);
      granted();
      return;
    }
    const queue = queues.get(name) ?? [];
    queue.push({ holder, granted });
    queues.set(name, queue);
  };
  const pass = (name: string): void => {
    owners.delete(name);
    const next = queues.get(name)?.shift();
    if (!next) return;
    if (next.holder.over) pass(name);
    else acquire(next.holder, name, next.granted);
  };
  return {
    acquire,
    /** One after the other, in the given order. */
    acquireAll(holder: Holder, names: readonly string[], granted: () => void): void {
      const [first, ...rest] = names;
      if (first === undefined) granted();
      else acquire(holder, first, () => this.acquireAll(holder, rest, granted));
    },
    /** Ends the transaction: its locks go to whoever waits. */
    release(holder: Holder): void {
      holder.over = true;
      const names = [...holder.locks];
      holder.locks.clear();
      for (const name of names) pass(name);
    },
  };
}
