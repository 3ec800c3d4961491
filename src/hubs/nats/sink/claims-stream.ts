import { DiscardPolicy, RetentionPolicy, StorageType } from 'nats';
import type { ClaimIn } from '../../../engine/ports/topic-sink.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import type { NatsConfig } from '../config.ts';
import type { Connection } from '../connection.ts';
import { API, apiCode } from '../error-codes.ts';
import { encodeName } from '../names.ts';

/** One small message a lane: the last claim that is in. The stream is ours, and made where it is missing. */
const STREAM = 'SLUICE_CLAIMS';
const SUBJECT = 'sluice-claims';
const NO_MESSAGE = 10037;
const WRONG_SEQUENCE = 10071;
const ACK_TIMEOUT_MS = 10_000;

/** What the message says, and by which sequence it is replaced. */
export interface LaneClaim {
  readonly seq: number;
  readonly last: ClaimIn | null;
  readonly owner: string;
}

export interface ClaimsStream {
  ensure(): Promise<void>;
  read(): Promise<LaneClaim>;
  /**
   * Replaces what was read, if it is still there; also where the answer of the first try was lost.
   * @throws SluiceError capture.lease_lost
   */
  replace(before: LaneClaim, next: Omit<LaneClaim, 'seq'>, signal: AbortSignal): Promise<LaneClaim>;
  forget(): Promise<void>;
}

const subjectOf = ({ transfer, lane }: { transfer: string; lane: number }): string =>
  `${SUBJECT}.${encodeName(transfer)}.${lane}`;

const isSame = (found: LaneClaim, next: Omit<LaneClaim, 'seq'>): boolean =>
  found.owner === next.owner && found.last?.claim === next.last?.claim;

/** @param lane  whose claims they are */
export function createClaimsStream(
  connection: Connection,
  config: Pick<NatsConfig, 'replicas'>,
  lane: { readonly transfer: string; readonly lane: number },
): ClaimsStream {
  const subject = subjectOf(lane);
  const { jsm, js } = connection;
  const read = async (): Promise<LaneClaim> => {
    try {
      const { seq, data } = await jsm.streams.getMessage(STREAM, { last_by_subj: subject });
      const { claim, incarnation, owner } = JSON.parse(Buffer.from(data).toString('utf8')) as Record<
        string,
        unknown
      >;
      const last =
        typeof claim === 'number' && claim > 0 ? { claim, incarnation: String(incarnation) } : null;
      return { seq, last, owner: String(owner) };
    } catch (error) {
      if (apiCode(error) !== NO_MESSAGE) throw error;
      return { seq: 0, last: null, owner: '' };
    }
  };
  const replace: ClaimsStream['replace'] = async (before, next, signal) => {
    const { claim = 0, incarnation = '' } = next.last ?? {};
    const data = JSON.stringify({ claim, incarnation, owner: next.owner });
    const expect = { streamName: STREAM, lastSubjectSequence: before.seq };
    try {
      const stored = js.publish(subject, data, { timeout: ACK_TIMEOUT_MS, expect });
      const { seq } = await connection.answer(stored, signal);
      return { ...next, seq };
    } catch (error) {
      if (apiCode(error) !== WRONG_SEQUENCE) throw error;
      const found = await read();
      if (isSame(found, next)) return found;
      throw new SluiceError('capture.lease_lost', `another process writes the topics of ${subject} now`, {
        where: subject,
        cause: error,
      });
    }
  };
  return {
    read,
    replace,
    ensure: async () => {
      try {
        await jsm.streams.info(STREAM);
      } catch (error) {
        if (apiCode(error) !== API.streamNotFound) throw error;
        const wanted = {
          name: STREAM,
          subjects: [`${SUBJECT}.*.*`],
          retention: RetentionPolicy.Limits,
          storage: StorageType.File,
          discard: DiscardPolicy.Old,
          max_msgs_per_subject: 1,
          num_replicas: config.replicas,
        };
        await jsm.streams.add(wanted).catch((refused: unknown) => {
          if (apiCode(refused) !== API.nameInUse) throw refused;
        });
      }
    },
    forget: async () => {
      try {
        await jsm.streams.purge(STREAM, { filter: subject });
      } catch (error) {
        if (apiCode(error) !== API.streamNotFound) throw error;
      }
    },
  };
}
