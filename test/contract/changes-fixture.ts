import type { CaptureStatistics } from '../../src/engine/ports/capture-statistics.ts';
import type { ChangeCapture } from '../../src/engine/ports/change-capture.ts';
import type { Quarantine } from '../../src/engine/ports/quarantine.ts';

/** A connection of an application that changes captured tables. Without `begin` each statement is a transaction. */
export interface TestWriter {
  begin(): Promise<void>;
  /** Rows whose `n` is 0. */
  insert(table: string, ids: readonly number[]): Promise<void>;
  /** Raises `n` of a row by 1. */
  bump(table: string, id: number): Promise<void>;
  remove(table: string, id: number): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  close(): Promise<void>;
}

/** A source of its own with the capture installed, dropped by `drop`. */
export interface ChangesPlace {
  /** Capture as another process has it. */
  open(): Promise<ChangeCapture>;
  /** Makes a table (id, n) whose changes are recorded. @returns its number */
  captureTable(name: string): Promise<number>;
  writer(): Promise<TestWriter>;
  /** Events that are kept. */
  events(): Promise<number>;
  /** Makes them an hour older, where housekeeping leaves alone what is young. */
  age?(): Promise<void>;
  drop(): Promise<void>;
}

/** One that has place for events that are set apart. */
export interface ParkedPlace extends ChangesPlace {
  /** What a person has of events that are set apart, and what is counted. */
  apart(): { readonly quarantine: Quarantine; readonly statistics: CaptureStatistics };
  /** Makes the installation one of version 1. */
  outdate(): Promise<void>;
  install(): Promise<void>;
}

/** What a database gives the suite of its ChangeCapture. */
export interface ChangesFixture {
  /** Several connections write at once. */
  readonly concurrentWriters: boolean;
  place(): Promise<ChangesPlace>;
}

export interface ParkedFixture extends ChangesFixture {
  place(): Promise<ParkedPlace>;
}
