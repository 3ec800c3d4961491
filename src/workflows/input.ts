import { ApplicationFailure } from '@temporalio/workflow';
import { NAME_PATTERN } from '../model/config.ts';
import { TransferSettings } from '../model/transfer-settings.ts';
import type { Carry } from './carry.ts';
import type { TransferRequest } from './messages.ts';

/** What a transfer workflow starts from; the last two are its own affair when it continues as new. */
export interface CheckedInput extends TransferRequest {
  readonly carry?: Carry;
  /** Events after which the history is left behind; default: when the server suggests it. */
  readonly historyEvents?: number;
}

export const invalidInput = (message: string): ApplicationFailure =>
  ApplicationFailure.create({ message, type: 'input.invalid', nonRetryable: true, details: [{}] });

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Checks settings that somebody typed. What is not given stays out.
 * @throws ApplicationFailure input.invalid, naming key and range
 */
export function checkSettings(value: unknown): Partial<TransferSettings> {
  if (!isRecord(value)) throw invalidInput('settings are an object such as {"writers": 8}');
  const known = TransferSettings.properties;
  for (const [key, setting] of Object.entries(value)) {
    if (!Object.hasOwn(known, key)) {
      throw invalidInput(`"${key}" is no setting; known are ${Object.keys(known).join(', ')}`);
    }
    const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = known[key as keyof TransferSettings];
    if (typeof setting !== 'number' || !Number.isInteger(setting) || setting < minimum || setting > maximum) {
      throw invalidInput(`${key} must be a whole number from ${minimum} to ${maximum}`);
    }
  }
  return value;
}

/**
 * Checks what a person may have typed into the Temporal UI. An unchecked input fails the workflow's task for ever and
 * shows as "Running"; a checked one fails the workflow.
 * @throws ApplicationFailure input.invalid
 */
export function checkInput(value: unknown): CheckedInput {
  const request = typeof value === 'string' ? { transfer: value } : value;
  if (!isRecord(request) || typeof request.transfer !== 'string') {
    throw invalidInput(
      'the input is the name of a transfer, or {"transfer": "name", "override": {"writers": 8}}',
    );
  }
  if (!new RegExp(NAME_PATTERN).test(request.transfer))
    throw invalidInput('the name of a transfer is letters, digits, _ and -');
  const unknown = Object.keys(request).find(
    (key) => !['transfer', 'override', 'carry', 'historyEvents'].includes(key),
  );
  if (unknown !== undefined)
    throw invalidInput(`"${unknown}" is not known; the input has transfer and override`);
  if (request.override !== undefined) checkSettings(request.override);
  return request as unknown as CheckedInput;
}
