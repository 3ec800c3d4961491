import { captured } from './captured.ts';
import type { Answer } from './stand-in-driver.ts';
import { COMMIT } from '../../../src/databases/oracle/connections/pool.ts';
import { encodeLooked } from '../../../src/engine/capture/id-gaps.ts';
import * as sql from '../../../src/databases/oracle/capture/sql/claims-sql.ts';

interface StoredEvent {
  readonly id: number;
  readonly table: number;
  readonly key: number;
  readonly transaction: string;
  state: 'open' | 'committed';
}

export interface StoredClaim {
  readonly claim: number;
  readonly runs: string;
  readonly events: number;
}

const EPOCH = 'epoch';

/** As much of Oracle as claims need: a sequence, a staging table in which each sees what is committed, and which transactions are open. */
export class StagingServer {
  readonly claims: StoredClaim[] = [];
  #events: StoredEvent[] = [];
  readonly #open = new Map<string, Set<number>>();
  #nextId = 1;
  #nextTransaction = 1;
  #lane = { sealed: 0, looked: encodeLooked({ seen: 0n, gaps: [] }), isLost: false };
  /** What others do between two statements of ours. */
  meanwhile: () => void = () => {};

  get lease() {
    return { transfer: 'orders', lane: 1, epoch: EPOCH, sealed: 0, confirmed: 0 };
  }

  get committed(): readonly StoredEvent[] {
    return this.#events.filter(({ state }) => state === 'committed');
  }

  get looked(): string {
    return this.#lane.looked;
  }

  loseLease(): void {
    this.#lane.isLost = true;
  }

  begin(): string {
    const name = `1.2.${this.#nextTransaction}`;
    this.#nextTransaction += 1;
    this.#open.set(name, new Set());
    return name;
  }

  /** Whether another transaction has changed a row and not ended. */
  isLocked(key: number, by: string): boolean {
    return [...this.#open].some(([name, keys]) => name !== by && keys.has(key));
  }

  write(transaction: string, table: number, key: number): void {
    this.#open.get(transaction)?.add(key);
    this.#events.push({ id: this.#nextId, table, key, transaction, state: 'open' });
    this.#nextId += 1;
  }

  /** An id that is drawn and lost, as in the memory of a server that falls. */
  skip(count: number): void {
    this.#nextId += count;
  }

  end(transaction: string, how: 'commit' | 'rollback'): void {
    this.#open.delete(transaction);
    if (how === 'rollback') this.#events = this.#events.filter((each) => each.transaction !== transaction);
    for (const event of this.#events) if (event.transaction === transaction) event.state = 'committed';
  }

  readonly answer: Answer = (text, binds) => {
    const answer = this.#answer(text, binds);
    this.meanwhile();
    return answer;
  };

  readonly #answer: Answer = (text, binds) => {
    const bound = (name: string): string => String(binds[name]);
    switch (text) {
      case sql.renderLockLane(captured):
        return [
          [this.#lane.isLost ? 'other' : EPOCH, String(this.#lane.sealed), '0', '1', this.#lane.looked, '1'],
        ];
      case sql.OPEN_TRANSACTIONS:
        return [...this.#open.keys()].map((name) => [name]);
      case sql.renderEndOfIds(captured).text:
        return [[String(this.#nextId + 50)]];
      case sql.renderLook(captured):
        return this.committed
          .filter(({ id }) => id >= Number(bound('fromId')) && id <= Number(bound('toId')))
          .sort((one, other) => one.id - other.id)
          .slice(0, Number(bound('most')))
          .map(({ id, table, transaction }) => [String(id), String(table), '100', transaction]);
      case sql.renderInsertClaim(captured):
        this.claims.push({
          claim: Number(bound('claim')),
          runs: bound('runs'),
          events: Number(bound('events')),
        });
        return [];
      case sql.renderWriteLooked(captured):
        this.#lane = { ...this.#lane, sealed: Number(bound('sealed')), looked: bound('looked') };
        return [];
      case COMMIT:
        return [];
      default:
        throw new Error(`nobody expects ${text}`);
    }
  };
}
