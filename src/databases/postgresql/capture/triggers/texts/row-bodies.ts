import {
  asToldUnlessNested,
  computed,
  condition,
  deleted,
  inserted,
  lookUp,
  lost,
  lower,
  newAsTold,
  recordLoss,
  recordStanding,
  updated,
  when,
  type Which,
  written,
} from './row-records.ts';
import {
  indented,
  IS_NESTED,
  keyExpression,
  MARK_NESTED,
  otherKeyImage,
  renderEvent,
  renderMessageKey,
  renderNested,
  renderQuickEvent,
  sameImage,
  type Subject,
} from './subject.ts';

const leaveOthers = (subject: Subject, which: Which): readonly string[] =>
  subject.where === null
    ? []
    : [condition(subject, which), when(`NOT sluice.${lower(which)}_is_in`, 'RETURN NULL;')];

export function insertBody(subject: Subject): readonly string[] {
  const nested = renderNested(subject);
  const settled = [
    MARK_NESTED,
    lookUp(subject, 'NEW', lost(subject, ['NEW'])),
    when('sluice.standing IS NOT NULL', recordStanding(subject, 'I')),
    'RETURN NULL;',
  ];
  return [
    ...leaveOthers(subject, 'NEW'),
    ...computed(subject, 'NEW'),
    written(subject, ['NEW']),
    ...(nested === null ? [] : [when(nested, ...settled)]),
    renderQuickEvent(subject, inserted(subject)),
  ];
}

export function deleteBody(subject: Subject): readonly string[] {
  const nested = renderNested(subject);
  return [
    ...leaveOthers(subject, 'OLD'),
    ...computed(subject, 'OLD'),
    written(subject, ['OLD']),
    ...(nested === null ? [] : [when(nested, MARK_NESTED, ...recordLoss(subject, ['OLD']), 'RETURN NULL;')]),
    renderQuickEvent(subject, deleted(subject)),
  ];
}

/** An update whose row may be another one by now, or that has another key. */
function carefulUpdate(subject: Subject, otherKey: string): readonly string[] {
  const isFiltered = subject.where !== null;
  const isLoss = isFiltered ? `sluice.old_is_in AND (${otherKey} OR NOT sluice.new_is_in)` : otherKey;
  const isGain = isFiltered ? `${otherKey} OR NOT sluice.old_is_in` : otherKey;
  const settle = [
    lookUp(subject, 'NEW', asToldUnlessNested(subject, ['OLD', 'NEW'], newAsTold(subject))),
    `IF sluice.standing IS NULL THEN\n  RETURN NULL;\nELSIF ${isGain} THEN`,
    indented(recordStanding(subject, 'I')),
    'ELSE',
    indented(recordStanding(subject, 'U', updated(subject).old)),
    'END IF;',
  ];
  return [
    when(IS_NESTED, MARK_NESTED),
    when(isLoss, ...recordLoss(subject, ['OLD', 'NEW'])),
    ...(isFiltered ? [when('sluice.new_is_in', ...settle)] : settle),
    'RETURN NULL;',
  ];
}

/**
 * That nothing of what is recorded was changed is found here, and not in the trigger's WHEN: PostgreSQL reads and plans that anew for each
 * statement, which costs as much again as all that is done here; and a column in it could be neither dropped nor altered.
 */
export function updateBody(subject: Subject): readonly string[] {
  const { where, key, watched, all } = subject;
  const nested = renderNested(subject);
  const otherKey = otherKeyImage(key, 'OLD', 'NEW');
  // The whole row is compared in half the time of its columns.
  const same =
    watched.length === all.length ? 'OLD OPERATOR(pg_catalog.*=) NEW' : sameImage('OLD', 'NEW', watched);
  const silent = watched.length === 0 ? [] : [when(same, 'RETURN NULL;')];
  const record =
    where === null
      ? [renderQuickEvent(subject, updated(subject))]
      : [
          'IF sluice.old_is_in AND sluice.new_is_in THEN',
          indented(renderQuickEvent(subject, updated(subject))),
          'ELSIF sluice.new_is_in THEN',
          indented(renderQuickEvent(subject, inserted(subject))),
          'ELSE',
          indented(renderQuickEvent(subject, deleted(subject))),
          'END IF;',
        ];
  const filter =
    where === null
      ? []
      : [
          condition(subject, 'OLD'),
          condition(subject, 'NEW'),
          when('NOT sluice.old_is_in AND NOT sluice.new_is_in', 'RETURN NULL;'),
        ];
  return [
    ...filter,
    ...computed(subject, 'OLD'),
    ...computed(subject, 'NEW'),
    written(subject, ['OLD', 'NEW'], silent),
    ...(nested === null ? [] : [when(`${otherKey} OR ${nested}`, ...carefulUpdate(subject, otherKey))]),
    ...record,
  ];
}

export const truncateBody = (subject: Subject): readonly string[] => {
  const { messageKey } = subject;
  const hasOwn = messageKey === 'transaction' || (typeof messageKey === 'object' && 'fixed' in messageKey);
  const key = hasOwn ? renderMessageKey(subject, 'n', 'NULL') : 'NULL';
  return [renderEvent(subject, { operation: 'T', key, old: null, new: null })];
};

/** Variables of the bodies above. */
export function declarations(subject: Subject): readonly string[] {
  const texts = [
    'old_row',
    'new_row',
    ...(subject.key.length === 0 ? [] : ['standing', 'standing_key']),
    ...(keyExpression(subject) === null ? [] : ['old_key_given', 'new_key_given']),
  ];
  const typed = subject.expressions.flatMap(({ type }, at) =>
    (['old', 'new'] as const).map((which) => `${which}_${at + 1}_given ${type};`),
  );
  return [
    'turn integer;',
    ...texts.map((name) => `${name} pg_catalog.text;`),
    ...(subject.key.length === 0 ? [] : ['is_same boolean;']),
    ...(subject.where === null ? [] : ['old_is_in boolean;', 'new_is_in boolean;']),
    ...typed,
  ];
}
