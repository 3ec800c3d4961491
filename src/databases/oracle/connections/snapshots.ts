import type { HeldSnapshot } from '../../../engine/ports/source-reader.ts';
import { SluiceError } from '../../../model/sluice-error.ts';
import { toSluiceError, vendorCode } from '../error-codes.ts';
import type { Pool } from './pool.ts';
import type { Session } from './session.ts';

/** The number of the newest committed state. */
export const SCN_STATEMENTS = {
  package: 'SELECT TO_CHAR(SYS.DBMS_FLASHBACK.GET_SYSTEM_CHANGE_NUMBER) FROM DUAL',
  view: 'SELECT TO_CHAR(CURRENT_SCN) FROM V$DATABASE',
  check: 'SELECT TO_CHAR(SCN_TO_TIMESTAMP(TO_NUMBER(:scn))) FROM DUAL',
} as const;

const FORBIDDEN = new Set(['ORA-00904', 'ORA-00942', 'ORA-01031', 'ORA-06550', 'ORA-41900']);

async function currentScn(session: Session): Promise<string> {
  for (const statement of [SCN_STATEMENTS.package, SCN_STATEMENTS.view]) {
    try {
      return (await session.cell(statement)) ?? '';
    } catch (error) {
      if (!FORBIDDEN.has(vendorCode(error))) throw error;
    }
  }
  throw new SluiceError('database.permission_denied', 'the number of a snapshot may not be asked for', {
    suggestion: `GRANT EXECUTE ON SYS.DBMS_FLASHBACK TO "${session.facts.user}";`,
  });
}

/**
 * A snapshot is a number that every connection and process can read as of, for as long as the server keeps what it needs for
 * that (UNDO_RETENTION): nothing holds it, and a read that comes too late is told so.
 */
export class Snapshots {
  readonly #pool: Pool;
  /** Holders of a number in this process; 0: nobody goes on with what its last holder gave up. */
  readonly #holders = new Map<string, number>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async hold(signal: AbortSignal): Promise<HeldSnapshot> {
    const ref = await this.#pool.use(currentScn, signal, { side: 'source' });
    const count = (change: number): void =>
      void this.#holders.set(ref, Math.max(0, (this.#holders.get(ref) ?? 0) + change));
    count(1);
    const close = async (): Promise<void> => count(-1);
    return { ref, check: (checkSignal) => this.#check(ref, checkSignal), close };
  }

  async #check(ref: string, signal: AbortSignal): Promise<void> {
    this.use(ref);
    await this.#pool.use(
      async (session) => {
        try {
          await session.cell(SCN_STATEMENTS.check, { scn: ref });
        } catch (error) {
          throw toSluiceError(error, { side: 'snapshot' });
        }
      },
      signal,
      { side: 'snapshot' },
    );
  }

  /** Of this process or of another. @throws SluiceError source.snapshot_lost for one that was given up, or is none */
  use(ref: string): string {
    if (!/^\d{1,20}$/.test(ref) || this.#holders.get(ref) === 0)
      throw new SluiceError('source.snapshot_lost', 'the snapshot was given up');
    return ref;
  }
}
