import type { ParkedCounts, ParkedEvent, ParkedPayload, ParkedState } from '../../model/quarantine.ts';

/** Which parked events are meant: all that fit everything that is said. */
export interface ParkedChoice {
  readonly table?: string | undefined;
  readonly key?: string | undefined;
  readonly event?: string | undefined;
  readonly state?: ParkedState | undefined;
}

/**
 * What a person does about events that were set apart: beside the ledger of the target that refused them, or in the capture's schema
 * at the source for those that go to topics. Each method is one transaction.
 */
export interface Quarantine {
  /** In the order of lane and event. @param page.after  the last event of the page before */
  list(
    transfer: string,
    choice: ParkedChoice,
    page: {
      readonly limit: number;
      readonly after: { readonly lane: number; readonly event: string } | null;
    },
    signal: AbortSignal,
  ): Promise<readonly ParkedEvent[]>;
  show(transfer: string, event: string, signal: AbortSignal): Promise<ParkedPayload | null>;
  /** Events by their states; states without any are left out. */
  count(transfer: string, signal: AbortSignal): Promise<ParkedCounts>;
  /** Whether anything is to be tried, or was final since the other time and so is given up. Absent: nobody asks. */
  isDue?(
    transfer: string,
    at: { readonly nowMs: number; readonly finalBeforeMs: number },
    signal: AbortSignal,
  ): Promise<boolean>;
  /** Final and waiting ones are tried again at once, and counted from none. @returns how many */
  reactivate(transfer: string, choice: ParkedChoice, signal: AbortSignal): Promise<number>;
  /** Gives them up for ever; the next one of the key is tried in its place. @returns how many */
  discard(transfer: string, choice: ParkedChoice, signal: AbortSignal): Promise<number>;
}
