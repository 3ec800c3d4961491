interface Closable {
  close(): Promise<void>;
}

interface Entry<T> {
  readonly opened: Promise<T>;
  users: number;
  evicted: boolean;
  idle: NodeJS.Timeout | null;
}

/**
 * Open things by name: opened at first use, shared while somebody uses them, closed after `idleMs` without a user.
 * Opening that failed is forgotten, so that the next use tries anew.
 */
export function createPooledRegistry<T extends Closable>(options: {
  readonly open: (name: string) => Promise<T>;
  readonly idleMs: number;
}) {
  const entries = new Map<string, Entry<T>>();

  const close = async (entry: Entry<T>): Promise<void> => {
    if (entry.idle) clearTimeout(entry.idle);
    const opened = await entry.opened.catch(() => null);
    await opened?.close();
  };

  const forget = (name: string, entry: Entry<T>): void => {
    if (entries.get(name) === entry) entries.delete(name);
  };

  const leave = (name: string, entry: Entry<T>): void => {
    entry.users -= 1;
    if (entry.users > 0) return;
    if (entry.evicted) {
      void close(entry);
      return;
    }
    entry.idle = setTimeout(() => {
      forget(name, entry);
      void close(entry);
    }, options.idleMs);
    entry.idle.unref();
  };

  const enter = (name: string): Entry<T> => {
    const entry = entries.get(name) ?? { opened: options.open(name), users: 0, evicted: false, idle: null };
    entries.set(name, entry);
    entry.users += 1;
    if (entry.idle) clearTimeout(entry.idle);
    entry.idle = null;
    return entry;
  };

  return {
    /** @throws whatever opening or the work throws */
    async use<R>(name: string, work: (thing: T) => Promise<R>): Promise<R> {
      const entry = enter(name);
      try {
        let thing: T;
        try {
          thing = await entry.opened;
        } catch (error) {
          forget(name, entry);
          throw error;
        }
        return await work(thing);
      } finally {
        leave(name, entry);
      }
    },
    /** The next use opens it anew; the old one is closed when its last user leaves. */
    evict(name: string): void {
      const entry = entries.get(name);
      if (!entry) return;
      entries.delete(name);
      entry.evicted = true;
      if (entry.users === 0) void close(entry);
    },
    async closeAll(): Promise<void> {
      const all = [...entries.values()];
      entries.clear();
      await Promise.all(all.map(close));
    },
  };
}
