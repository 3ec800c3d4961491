import type { CaptureNames } from '../capture-names.ts';

/** Held by who begins lanes, and by who drops partitions. */
export const keepingLock = ({ lanes }: CaptureNames): string => `capture keeping ${lanes}`;
