import type { ClaimIn, TopicLane, TopicMessage, TopicSink } from '../../../src/engine/ports/topic-sink.ts';
import { isSluiceError, SluiceError } from '../../../src/model/sluice-error.ts';
import { type Actor, call, hold, type World } from '../world.ts';

/** Messages of one transfer, as consumers get them, and the claim that is in. */
export interface TopicLog {
  /** Messages and number are one transaction; otherwise messages come first, and some of them again under the same ids. */
  readonly transactional: boolean;
  readonly messages: TopicMessage[];
  readonly ids: Set<string>;
  last: ClaimIn | null;
  owner: string;
  owners: number;
  /** Stored and not visible yet: of who has the lane. */
  open: { readonly owner: string; readonly claim: number; readonly messages: readonly TopicMessage[] } | null;
}

export const createTopicLog = (transactional: boolean): TopicLog => ({
  transactional,
  messages: [],
  ids: new Set(),
  last: null,
  owner: '',
  owners: 0,
  open: null,
});

/** As long as a hub is asked again, before who asks is told. */
const TRIES = 3;

/** Topics of a simulated hub as one actor sees them. */
export function createTopicSink(world: World, log: TopicLog, actor: Actor): TopicSink {
  const never = new AbortController().signal;
  const ask = <T>(label: string, work: () => T): Promise<T> =>
    call<T>(world, actor, {
      label,
      code: 'hub.unreachable',
      usualMs: 4,
      signal: never,
      effect: (done, refuse) => {
        try {
          done(work());
        } catch (error) {
          refuse(error as Error);
        }
      },
    });

  const fence = (owner: string): void => {
    if (log.owner === owner || world.plant === 'topics-do-not-fence') return;
    throw new SluiceError('capture.lease_lost', 'somebody else has the lane');
  };
  const append = (messages: readonly TopicMessage[]): void => {
    for (const message of messages) {
      if (!log.transactional && log.ids.has(message.eventId)) continue; // within the window of the server
      log.ids.add(message.eventId);
      log.messages.push(message);
    }
  };

  const inOneTransaction = async (owner: string, claim: ClaimIn, messages: readonly TopicMessage[]) => {
    await ask(`send claim ${claim.claim}`, () => {
      fence(owner);
      log.open = { owner, claim: claim.claim, messages };
    });
    await ask(`commit claim ${claim.claim}`, () => {
      fence(owner);
      const { open } = log;
      log.open = null;
      if ((log.last?.claim ?? 0) >= claim.claim && world.plant !== 'topics-do-not-fence') return;
      if (open?.claim !== claim.claim || open.owner !== owner)
        throw new SluiceError('capture.lease_lost', 'the transaction was aborted');
      append(open.messages);
      log.last = claim;
    });
  };
  const number = (owner: string, claim: ClaimIn): Promise<void> =>
    ask(`number of claim ${claim.claim}`, () => {
      fence(owner);
      log.last = claim;
    });
  const oneByOne = async (owner: string, claim: ClaimIn, messages: readonly TopicMessage[]) => {
    // Nobody is shut out of a subject: what comes late has an id that is there.
    for (const message of messages) await ask(`send event ${message.eventId}`, () => append([message]));
    await number(owner, claim);
  };

  const write = async (owner: string, claim: ClaimIn, messages: readonly TopicMessage[]): Promise<void> => {
    if (world.plant === 'number-before-messages') {
      await number(owner, claim);
      await ask('send without number', () => append(messages));
      return;
    }
    await (log.transactional ? inOneTransaction : oneByOne)(owner, claim, messages);
  };

  const laneOf = (owner: string, incarnation: string, last: ClaimIn | null): TopicLane => {
    let known = last?.claim ?? 0;
    hold(actor, 'lane of topics', 1);
    return {
      last,
      write: async (claim, messages) => {
        if (claim <= known) return [];
        for (let left = TRIES; ; left -= 1) {
          try {
            await write(owner, { claim, incarnation }, messages);
            known = claim;
            return [];
          } catch (error) {
            if (left === 0 || !isSluiceError(error) || error.code !== 'hub.unreachable') throw error;
            await world.clockOf(actor).sleep(50);
          }
        }
      },
      close: () => {
        hold(actor, 'lane of topics', -1);
        return Promise.resolve();
      },
    };
  };

  return {
    open: async ({ incarnation }) => {
      const owner = `owner ${(log.owners += 1)}`;
      const last = await ask(`open lane of topics as ${owner}`, () => {
        log.owner = owner;
        log.open = null;
        return log.last;
      });
      return laneOf(owner, incarnation, last);
    },
    forget: () => Promise.resolve(),
  };
}
