/** Bugs that the simulation must find when they are planted into its parts; nothing of this is ever in src. */
export const PLANTS = [
  /** What was applied once is recognised by its keys and data, not by run, lane, attempt and n. */
  'content-is-identity',
  /** The ledger's rows have no run. */
  'ledger-without-run',
  /** A delivery is acknowledged when it arrives. */
  'acknowledge-before-commit',
  /** The ledger's entry commits before the rows do. */
  'ledger-in-another-transaction',
  /** The message id has no attempt, so that the hub takes a replay for a repeat. */
  'same-message-id-on-replay',
  /** A batch whose lane the ledger does not know makes it. */
  'lane-made-by-apply',
  /** A reader goes on behind as many blocks as were applied, whatever their size. */
  'resume-by-block-number',
  /** A lane of an older generation or run may be opened again. */
  'fenced-lane-opens-again',
  /** An older run may still plan, and clear, a table. */
  'older-run-plans',
  /** An older execution may still plan, and clear, a table of the run that a newer one goes on with. */
  'older-execution-plans',
  /** A restored target: the ledger and the hub compare attempts and no epochs. */
  'epoch-is-ignored',
  /** Of several slices that want a lane each gets it, whoever was first. */
  'claim-not-checked',
] as const;
export type Plant = (typeof PLANTS)[number];
