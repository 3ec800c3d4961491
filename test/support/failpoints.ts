import { setImmediate } from 'node:timers/promises';
import { Session } from '../../src/databases/postgresql/pool.ts';
import type { Hub } from '../../src/engine/ports/hub.ts';
import { SluiceError } from '../../src/model/sluice-error.ts';

/** What is no statement. */
const SEND = /^SEND$/;
const SENT = /^SENT$/;
const COMMIT = /^COMMIT$/;
const statement = (text: string): RegExp => new RegExp(text.replaceAll(/[.$()+]/g, '\\$&'));

const READ_CLAIM = statement('FROM "sluice_capture"."capture_claims" AS c JOIN');
const CONFIRM = statement('SET confirmed_at = clock_timestamp()');

export type Failpoint = readonly [name: string, behind: readonly RegExp[]];

/** Behind the statement the transaction is still open; behind the commit nobody has heard of it yet. */
const before = (name: string, text: RegExp): Failpoint => [`${name}, before the commit`, [text]];
const behind = (name: string, text: RegExp): Failpoint => [`${name}, behind the commit`, [text, COMMIT]];
const both = (name: string, text: RegExp) => [before(name, text), behind(name, text)] as const;

/**
 * Places in the work of a process that follows changes: right behind these statements of one transaction, in the order in which the
 * work comes to them. Before a statement is behind the one before it.
 */
export const FAILPOINTS: Readonly<Record<'planning' | 'following' | 'ending', readonly Failpoint[]>> = {
  planning: [
    behind('a run is opened', statement('INSERT INTO "sluice"."runs"')),
    behind('lanes are registered', statement('INSERT INTO "sluice_capture"."capture_lanes"')),
    behind('a lane is planned', statement('INSERT INTO "sluice"."tables"')),
  ],
  following: [
    behind('a lease is taken', statement('UPDATE "sluice_capture"."capture_lanes" SET epoch = $3')),
    behind('a lane is opened', statement('UPDATE "sluice"."lanes" SET attempt = attempt + 1, epoch = $6')),
    ...both('a claim is sealed', statement('INSERT INTO "sluice_capture"."capture_claims"')),
    ['a claim is read', [READ_CLAIM]],
    ['a batch is sent, before the hub has it', [SEND]],
    ['a batch is sent, behind the answer of the hub', [SENT]],
    ...both('a batch is applied', statement('UPDATE "sluice"."lanes" SET n = ')),
    ...both('a claim is confirmed', CONFIRM),
    behind('confirmed claims are forgotten', statement('DELETE FROM "sluice_capture"."capture_claims"')),
    ['another staging table is filled', [statement('SELECT setval($1::regclass, $2)')]],
    ...both('a staging table is emptied', statement('TRUNCATE "sluice_capture"."event_logs_')),
    ...both('refused changes are set apart', statement('INSERT INTO "sluice"."parked"')),
    ...both('they are tried again', statement('DELETE FROM "sluice"."parked"')),
  ],
  ending: [
    ...both('the end of a lane is applied', /UPDATE "sluice"\."lanes" SET n = [^;]*, ended = true/),
    ...both(
      'the run is closed',
      statement('UPDATE "sluice"."runs" SET finished_at = now() WHERE transfer = $1 AND run = $2'),
    ),
  ],
};

/**
 * `kill`: the process dies there. `cut`: its connection is gone, and nobody tells it what became of its transaction. `stop`: it sleeps
 * there until it is told to go on.
 */
export type Failure = 'kill' | 'cut' | 'stop';

export interface ArmedFailpoint {
  readonly name: string;
  readonly how: Failure;
}

const failpointCalled = (name: string): Failpoint => {
  const found = Object.values(FAILPOINTS)
    .flat()
    .find(([each]) => each === name);
  if (!found) throw new Error(`there is no failpoint ${name}`);
  return found;
};

class NetworkCut extends Error {
  readonly code = 'ECONNRESET';
}

/** Puts failpoints into this process, each of which is met once, and in their order. @param met  told before it fails */
export function createFailpoints(met: (armed: ArmedFailpoint) => Promise<void>) {
  const armed: ArmedFailpoint[] = [];
  /** Sessions with a transaction. */
  const open = new Set<Session>();
  let passed = new WeakMap<object, number>();

  /** How far each session is; what is begun or rolled back begins from the start. */
  const isThere = (session: object, text: string): boolean => {
    const [next] = armed;
    if (!next) return false;
    const [, statements] = failpointCalled(next.name);
    const at = /^(BEGIN|ROLLBACK$)/.test(text) ? 0 : (passed.get(session) ?? 0);
    const reached = statements[at]?.test(text) ? at + 1 : at;
    passed.set(session, reached);
    return reached > at && reached === statements.length;
  };
  const fail = async (cut: () => never): Promise<void> => {
    const here = armed.shift();
    if (!here) return;
    passed = new WeakMap();
    await met(here);
    if (here.how === 'kill') process.kill(process.pid, 'SIGKILL');
    if (here.how === 'cut') cut();
    // What else it holds would keep others waiting until their server ends its sleeping sessions, half a minute later.
    while ([...open].some(({ ended }) => !ended)) await setImmediate();
    process.kill(process.pid, 'SIGSTOP');
  };

  const { query } = Session.prototype as {
    query: (this: Session, ...given: Parameters<Session['query']>) => ReturnType<Session['query']>;
  };
  const { submit } = Session.prototype as {
    submit: (this: Session, ...given: Parameters<Session['submit']>) => void;
  };
  /** What reads a claim ends its transaction. */
  const reading = new WeakSet<Session>();
  Session.prototype.submit = function (this: Session, wire) {
    if (reading.delete(this)) {
      const ready = wire.handleReadyForQuery.bind(wire);
      wire.handleReadyForQuery = () => {
        open.delete(this);
        ready();
      };
    }
    submit.call(this, wire);
  };
  // One by one, so that there is something between them.
  Session.prototype.queryAndCommit = async function (this: Session, text) {
    const answer = await this.query(text);
    await this.query('COMMIT');
    return answer;
  };
  Session.prototype.query = async function (this: Session, text, values) {
    if (text.startsWith('BEGIN')) open.add(this);
    if (READ_CLAIM.test(text)) reading.add(this);
    const answer = await query.call(this, text, values);
    if (/^(COMMIT|ROLLBACK)$/.test(text)) open.delete(this);
    if (isThere(this, text))
      await fail(() => {
        this.destroy();
        throw new NetworkCut('the network was cut');
      });
    return answer;
  };
  return {
    arm: (wanted: ArmedFailpoint): void => void armed.push(wanted),
    /** A hub between whose publishing the process may fail. */
    inHub: (hub: Hub): Hub => ({
      ...hub,
      publisher: async (run) => {
        const publisher = await hub.publisher(run);
        const pass = async (text: string): Promise<void> => {
          if (!isThere(publisher, text)) return;
          await fail(() => {
            throw new SluiceError('hub.unreachable', 'the network was cut');
          });
        };
        return {
          ...publisher,
          publish: async (message, signal) => {
            await pass('SEND');
            await publisher.publish(message, signal);
            await pass('SENT');
          },
        };
      },
    }),
  };
}
