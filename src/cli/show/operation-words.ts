import { CHANGE_OPERATIONS, type ChangeLetter } from '../../model/change-event.ts';

const isLetter = (text: string): text is ChangeLetter => Object.hasOwn(CHANGE_OPERATIONS, text);

/** What a change does; where it goes to topics that is said by its letter. */
export const operationInWords = (operation: string): string =>
  isLetter(operation) ? CHANGE_OPERATIONS[operation] : operation;
