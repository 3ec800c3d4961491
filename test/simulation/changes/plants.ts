/** Bugs that the simulation of changes must find when they are planted into its parts; nothing of this is ever in src. */
export const CHANGE_PLANTS = [
  /** Pending is what has an id above the last one that was read. */
  'pending-is-above-the-last',
  /** A claim is a stretch of ids, read anew each time: what commits within it later is in it too. */
  'claims-are-cut-again',
  /** Who lost the lease seals and confirms all the same. */
  'lease-does-not-fence',
  /** The source is told that a claim is in as soon as it is sealed. */
  'confirmed-when-sealed',
  /** What one transfer has confirmed is freed, whoever else needs it. */
  'freed-for-one-of-two',
  /** A transaction's events count from when the lane was registered, and not those of one that was open then. */
  'open-ones-are-forgotten',
  /** The number of a claim is stored before its messages, in a transaction of its own. */
  'number-before-messages',
  /** Opening a lane of topics does not shut out who had it. */
  'topics-do-not-fence',
  /** Later events of a key that is set apart are applied before it. */
  'parked-keys-are-overtaken',
  /** What is tried again is taken out in a transaction of its own, before it is applied. */
  'taken-out-before-the-commit',
] as const;
export type ChangePlant = (typeof CHANGE_PLANTS)[number];
