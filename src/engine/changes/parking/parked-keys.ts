import type { ChangedTable } from '../../../model/changes-plan.ts';
import type { SluiceError } from '../../../model/sluice-error.ts';
import type { HeldKeys } from '../../ports/target-parking.ts';
import type { RawEvent } from '../parse-events.ts';
import type { TableReaders } from '../table-reader.ts';
import { type EventKeys, eventKeys, wholeTable } from './event-keys.ts';

/** An event of a batch that is set apart. */
export interface SetApart {
  readonly event: RawEvent;
  readonly table: ChangedTable;
  /** Null: all keys of the table. */
  readonly keys: EventKeys | null;
  readonly chain: string;
  /** Null: it waits behind another one. */
  readonly refusal: SluiceError | null;
}

/** Events of a batch in order, without those that wait behind what is set apart. */
export interface Split {
  readonly rest: readonly RawEvent[];
  readonly behind: readonly SetApart[];
  /** Ids of tables that are emptied among the rest: what was set apart of them before is of no use. */
  readonly emptied: readonly string[];
  readonly names: ReadonlyMap<string, HeldName>;
  /** Chains that become part of another one. */
  readonly joins: ReadonlyMap<string, string>;
}

interface HeldName {
  readonly chain: string;
  readonly table: string;
}

/** What a batch does about what is set apart, besides its own events. */
export interface ParkingChanges {
  /** Tables of which all that was set apart before is dropped. */
  readonly dropped: ReadonlySet<string>;
  /** In their order. */
  readonly merges: readonly ({ readonly into: string } & (
    | { readonly chain: string }
    | { readonly table: string }
  ))[];
  readonly events: readonly SetApart[];
}

const resolve = (chain: string, ...joins: readonly ReadonlyMap<string, string>[]): string => {
  for (let at = chain; ; ) {
    const next = joins.map((each) => each.get(at)).find((each) => each !== undefined);
    if (next === undefined) return at;
    at = next;
  }
};

/**
 * Which keys of a lane are set apart while a batch is applied: those that were before it, and those of the events that it sets apart
 * itself. Later events of such a key wait behind it; what empties its table does not, for whatever came before it has no effect then.
 */
export function createParkedKeys(readers: TableReaders, held: readonly HeldKeys[]) {
  const names = new Map<string, HeldName>();
  const joins = new Map<string, string>();
  const dropped = new Set<string>();
  const merges: ParkingChanges['merges'][number][] = [];
  let events: SetApart[] = [];
  for (const { table, chain, own, other } of held)
    for (const name of other === null ? [own] : [own, other]) names.set(name, { chain, table });

  const forget = (table: string): void => {
    for (const [name, each] of names) if (each.table === table) names.delete(name);
    events = events.filter((each) => each.table.plan.id !== table);
  };

  return {
    /** Changes nothing: it is of use only where the rest is applied. */
    split(of: readonly RawEvent[]): Split {
      const rest: RawEvent[] = [];
      let behind: SetApart[] = [];
      const emptied: string[] = [];
      const added = new Map<string, HeldName>();
      const joined = new Map<string, string>();
      const isFree = names.size === 0;
      const chainOf = (name: string, table: string): string | undefined => {
        const found = added.get(name) ?? (emptied.includes(table) ? undefined : names.get(name));
        return found && resolve(found.chain, joins, joined);
      };
      for (const event of of) {
        const reader = readers.get(event.table);
        const table = reader?.table.plan.id ?? '';
        if (reader && event.operation === 'T') {
          behind = behind.filter((each) => each.table !== reader.table);
          for (const [name, each] of added) if (each.table === table) added.delete(name);
          if (!emptied.includes(table)) emptied.push(table);
        } else if (reader && !isFree) {
          const keys = eventKeys(reader, event);
          const own = keys ? [keys.own, ...(keys.other === null ? [] : [keys.other])] : [];
          const chains = [...own, wholeTable(reader.table)].flatMap((name) => chainOf(name, table) ?? []);
          const [chain, ...others] = chains;
          if (chain !== undefined) {
            for (const other of others) if (other !== chain) joined.set(other, chain);
            for (const name of own) added.set(name, { chain, table });
            behind.push({ event, table: reader.table, keys, chain, refusal: null });
            continue;
          }
        }
        rest.push(event);
      }
      return { rest, behind, emptied, names: added, joins: joined };
    },
    /** The rest of the split is applied. */
    take(split: Split): void {
      for (const table of split.emptied) {
        forget(table);
        dropped.add(table);
      }
      for (const [name, each] of split.names) names.set(name, each);
      for (const [chain, into] of split.joins) {
        joins.set(chain, into);
        merges.push({ into, chain });
      }
      events.push(...split.behind);
    },
    /** Sets an event apart that is not behind another one. @param whole  its key may be any of its table */
    refuse(event: RawEvent, refusal: SluiceError, whole: boolean): void {
      const reader = readers.get(event.table);
      if (!reader) throw refusal;
      const { table } = reader;
      const { id } = table.plan;
      const keys = eventKeys(reader, event);
      if (keys && !whole) {
        const own = { chain: keys.own, table: id };
        names.set(keys.own, own);
        if (keys.other !== null) names.set(keys.other, own);
        events.push({ event, table, keys, chain: keys.own, refusal });
        return;
      }
      // All that is set apart of the table and comes after this one must wait for it: one chain.
      const chain = wholeTable(table);
      for (const each of names.values()) {
        const known = resolve(each.chain, joins);
        if (each.table === id && known !== chain) joins.set(known, chain);
      }
      names.set(chain, { chain, table: id });
      merges.push({ into: chain, table: id });
      events.push({ event, table, keys: null, chain, refusal });
    },
    changes: (): ParkingChanges => ({
      dropped,
      merges,
      events: events.map((each) => ({ ...each, chain: resolve(each.chain, joins) })),
    }),
    isFree: (): boolean => names.size === 0,
  };
}
export type ParkedKeys = ReturnType<typeof createParkedKeys>;
