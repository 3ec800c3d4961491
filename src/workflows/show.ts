import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Control } from './control.ts';
import { SEARCH_ATTRIBUTES } from './messages.ts';
import { detailsOf, healthOf } from './view.ts';

const KEYS = {
  transfer: defineSearchAttributeKey(SEARCH_ATTRIBUTES.transfer, 'KEYWORD'),
  source: defineSearchAttributeKey(SEARCH_ATTRIBUTES.source, 'KEYWORD'),
  target: defineSearchAttributeKey(SEARCH_ATTRIBUTES.target, 'KEYWORD'),
  phase: defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, 'KEYWORD'),
  health: defineSearchAttributeKey(SEARCH_ATTRIBUTES.health, 'KEYWORD'),
};

/** Keeps the Temporal UI's details and the search attributes up to date; an attribute is set only when it changed. */
export function createShow(control: Control) {
  const shown = new Map<string, string>();
  const changed = (name: keyof typeof KEYS, value: string | undefined) => {
    if (value === undefined || shown.get(name) === value) return [];
    shown.set(name, value);
    return [{ key: KEYS[name], value }];
  };
  return (): void => {
    const now = Date.now();
    setCurrentDetails(detailsOf(control, now));
    const { prepared, transfer } = control.state;
    if (!prepared?.searchAttributes) return;
    const pairs = [
      ...changed('transfer', transfer),
      ...changed('source', prepared.source),
      ...changed('target', prepared.target),
      ...changed('phase', control.phase()),
      ...changed('health', healthOf(control, now).health),
    ];
    if (pairs.length > 0) upsertSearchAttributes(pairs);
  };
}
