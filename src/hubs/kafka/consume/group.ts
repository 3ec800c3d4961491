import { classify, hubError, typeOf } from '../error-codes.ts';
import { writersOf } from '../names.ts';
import { createBell } from '../bell.ts';
import { backOff, pause, untilAborted, within } from '../../../engine/waiting.ts';
import type { Broker, Cluster } from '../wire/cluster.ts';
import { askMemberId, type JoinedGroup } from '../wire/driver.ts';
import type { TopicView } from '../wire/requests.ts';
import { assign, type Assignment, type Claim } from './assignment.ts';
import { coordinatorOf } from './committed.ts';
import { type Progress, renderProgress } from './progress.ts';

/** Asked so often whether the others come or go; a few bytes each. */
const HEARTBEAT_MS = 300;
/** A worker that does not come when the group is shared anew is waited for so long. */
const REBALANCE_TIMEOUT_MS = 10_000;
/** Brokers let the first worker of a group wait for others, 3 s by default: alone it begins before. */
const ALONE_AFTER_MS = 250;
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2_000;
const LEAVE_MS = 2_000;
/** Not `consumer`: what members say would have to be in the form of Kafka's own consumers. */
const PROTOCOL_TYPE = 'sluice';
const PROTOCOL = 'partitions-1';

/** The group has gone on without us: what we held may be another's. */
const EXPELLED = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);

export interface GroupOptions {
  readonly cluster: Cluster;
  readonly topic: TopicView;
  readonly sessionTimeoutMs: number;
  /** The partitions that are worked on now. */
  readonly owned: () => readonly number[];
  /** New partitions begin, missing ones end; says how many to keep. */
  readonly assigned: (assignment: Assignment) => void;
  /** All partitions end: others may have them. */
  readonly expelled: () => void;
  /** Called every so often; throws to end the membership. */
  readonly check: () => Promise<void>;
}

export interface Commit {
  readonly partition: number;
  readonly progress: Progress;
}

const claimText = (generation: number, owned: readonly number[]): Buffer =>
  Buffer.from(JSON.stringify({ generation, owned }));

function parseJson<T>(bytes: Buffer, otherwise: T): T {
  try {
    return JSON.parse(bytes.toString('utf8')) as T;
  } catch {
    return otherwise;
  }
}

/** This worker's membership in the group of all workers of a topic. */
export class GroupMember {
  readonly #options: GroupOptions;
  readonly #groupId: string;
  readonly #bell = createBell();
  #coordinator: Broker | null = null;
  #memberId = '';
  #generation = -1;
  #isMember = false;
  #again = false;
  #heardAt = 0;

  constructor(options: GroupOptions) {
    this.#options = options;
    this.#groupId = writersOf(options.topic.name, options.topic.id);
  }

  /** Joins again, to say what is no longer owned. */
  rejoin(): void {
    this.#again = true;
    this.#bell.ring();
  }

  /** Resolves when the signal aborts; rejects with what `check` throws. */
  async run(signal: AbortSignal): Promise<void> {
    const delays = backOff(FIRST_DELAY_MS, LONGEST_DELAY_MS);
    while (!signal.aborted) {
      try {
        await this.#join(signal);
        delays.reset();
        await this.#stay(signal);
      } catch (error) {
        if (signal.aborted) break;
        this.#failed(error);
        await this.#options.check();
        await pause(delays.next(), signal).catch(() => undefined);
      }
    }
  }

  /** @returns false where it was not taken: not a member at the moment */
  async commit(commits: readonly Commit[]): Promise<boolean> {
    if (!this.#isMember || !this.#coordinator) return false;
    const partitions = commits.map(({ partition, progress }) => ({
      partition,
      offset: String(progress.floor),
      metadata: renderProgress(progress),
    }));
    await this.#coordinator.driver.offsetCommit({
      groupId: this.#groupId,
      groupGenerationId: this.#generation,
      memberId: this.#memberId,
      topics: [{ topic: this.#options.topic.name, partitions }],
    });
    return true;
  }

  async leave(): Promise<void> {
    const { groupId, memberId } = { groupId: this.#groupId, memberId: this.#memberId };
    if (memberId === '' || !this.#coordinator) return;
    this.#isMember = false;
    const left = this.#coordinator.driver.leaveGroup({ groupId, memberId }).catch(() => undefined);
    await within(left, LEAVE_MS, undefined);
  }

  #failed(error: unknown): void {
    const type = typeOf(error) ?? '';
    if (classify(error) === 'hub.authentication_failed') throw hubError(error, this.#groupId);
    this.#coordinator = null;
    const isForgotten = Date.now() - this.#heardAt > this.#options.sessionTimeoutMs;
    if (!EXPELLED.has(type) && !isForgotten) return;
    if (type === 'UNKNOWN_MEMBER_ID') this.#memberId = '';
    this.#isMember = false;
    this.#generation = -1;
    this.#heardAt = Date.now();
    this.#options.expelled();
  }

  async #join(signal: AbortSignal): Promise<void> {
    const { cluster, topic, sessionTimeoutMs, owned } = this.#options;
    this.#again = false;
    const orAborted = <T>(promise: Promise<T>): Promise<T> => untilAborted(promise, signal);
    this.#coordinator ??= await orAborted(coordinatorOf(cluster, topic));
    const request = {
      groupId: this.#groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      memberId: this.#memberId,
      protocolType: PROTOCOL_TYPE,
      groupProtocols: [{ name: PROTOCOL, metadata: claimText(this.#generation, owned()) }],
    };
    const isNew = this.#memberId === '';
    if (isNew) this.#memberId = await orAborted(askMemberId(this.#coordinator, request));
    const joining = this.#coordinator.driver.joinGroup({ ...request, memberId: this.#memberId });
    const early = isNew ? this.#beginAlone(joining, signal) : Promise.resolve();
    const joined = await orAborted(joining);
    await early;
    this.#memberId = joined.memberId;
    this.#generation = joined.generationId;
    const shares = joined.leaderId === joined.memberId ? this.#share(joined) : [];
    const { memberAssignment } = await orAborted(
      this.#coordinator.driver.syncGroup({
        groupId: this.#groupId,
        generationId: joined.generationId,
        memberId: joined.memberId,
        groupAssignment: shares,
      }),
    );
    this.#isMember = true;
    this.#heardAt = Date.now();
    this.#options.assigned(parseJson<Assignment>(memberAssignment, { owned: [], quota: 0 }));
  }

  /**
   * Alone in its group a worker has all partitions, whatever the broker still waits for. Should others come in that very
   * moment, some messages are delivered twice: the ledger drops them.
   */
  async #beginAlone(joining: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const isQuick = await within(
      joining.then(
        () => true,
        () => true,
      ),
      ALONE_AFTER_MS,
      false,
    );
    if (isQuick || signal.aborted || !this.#coordinator) return;
    try {
      const { groups } = await this.#coordinator.driver.describeGroups({ groupIds: [this.#groupId] });
      const isStill = await within(
        joining.then(() => false),
        0,
        true,
      );
      if (groups[0]?.members.length !== 1 || !isStill || signal.aborted) return;
      const all = this.#options.topic.partitions.map(({ id }) => id);
      this.#options.assigned({ owned: all, quota: all.length });
    } catch {
      // It begins when the broker says so.
    }
  }

  #share({ members }: JoinedGroup) {
    const claims = members.map(({ memberId, memberMetadata }): Claim => {
      const claim = parseJson<Partial<Claim>>(memberMetadata, {});
      return { memberId, generation: claim.generation ?? -1, owned: claim.owned ?? [] };
    });
    const shares = assign(claims, this.#options.topic.partitions.length);
    return [...shares].map(([memberId, assignment]) => ({
      memberId,
      memberAssignment: Buffer.from(JSON.stringify(assignment)),
    }));
  }

  /** Until the group is shared anew. */
  async #stay(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#again) {
      await this.#bell.wait(HEARTBEAT_MS);
      if (signal.aborted || this.#again) return;
      await this.#options.check();
      const { driver } =
        this.#coordinator ?? (await coordinatorOf(this.#options.cluster, this.#options.topic));
      try {
        await driver.heartbeat({
          groupId: this.#groupId,
          groupGenerationId: this.#generation,
          memberId: this.#memberId,
        });
        this.#heardAt = Date.now();
      } catch (error) {
        if (typeOf(error) === 'REBALANCE_IN_PROGRESS') return;
        throw error;
      }
    }
  }
}
