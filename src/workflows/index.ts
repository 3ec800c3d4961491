/** The bundle's entry: every workflow that a worker runs, by its type name. */
export { launchTransfer } from './launch.ts';
export { transfer } from './transfer.ts';
