import type { TSchema } from '@sinclair/typebox';
import { Errors, type ValueError, ValueErrorType } from '@sinclair/typebox/errors';
import type { ErrorCode } from '../model/error-codes.ts';
import { nearest } from './nearest.ts';
import { pointerKeys } from './parse-document.ts';

/** What is wrong at one place of a value. */
export interface Finding {
  readonly code: ErrorCode;
  /** JSON pointer from the root of the checked value. */
  readonly pointer: string;
  readonly part: 'key' | 'value';
  readonly message: string;
  readonly suggestion?: string;
  /** What was wanted, where a text could be read as one: variables in `writers: ${W}` give texts. */
  readonly wanted?: 'integer' | 'number' | 'boolean';
}

const lastKey = (pointer: string): string => pointerKeys(pointer).at(-1) ?? '';

function unknownKey(error: ValueError): Finding {
  const key = lastKey(error.path);
  const pattern = Object.keys((error.schema['patternProperties'] as object | undefined) ?? {})[0];
  if (pattern !== undefined) {
    return {
      code: 'config.invalid',
      pointer: error.path,
      part: 'key',
      message: `"${key}" cannot be a name: letters, digits, _ and - only, at most 64`,
    };
  }
  const known = Object.keys((error.schema['properties'] as object | undefined) ?? {});
  const near = nearest(key, known);
  return {
    code: 'config.unknown_key',
    pointer: error.path,
    part: 'key',
    message: `unknown key "${key}"`,
    suggestion: near ? `did you mean "${near}"?` : `known here: ${known.join(', ')}`,
  };
}

const literals = (schema: TSchema): readonly unknown[] | null => {
  const variants = (schema['anyOf'] as readonly TSchema[] | undefined) ?? [];
  return variants.length > 0 && variants.every((variant) => 'const' in variant)
    ? variants.map((variant) => variant['const'] as unknown)
    : null;
};

function notOneOf(error: ValueError, values: readonly unknown[]): Finding {
  const near = typeof error.value === 'string' ? nearest(error.value, values.map(String)) : undefined;
  return {
    code: 'config.invalid',
    pointer: error.path,
    part: 'value',
    message: `must be ${values.length === 1 ? '' : 'one of '}${values.join(', ')}`,
    ...(near ? { suggestion: `did you mean "${near}"?` } : {}),
  };
}

/** Findings of the variant that was most likely meant: the one of the value's own kind. */
function ofUnion(error: ValueError): readonly Finding[] {
  const values = literals(error.schema);
  if (values) return [notOneOf(error, values)];
  const variants = error.errors.map((errors) => [...errors]);
  const isRightKind = (errors: readonly ValueError[]): boolean =>
    errors.every((inner) => inner.path !== error.path || inner.type === ValueErrorType.Union);
  const meant = variants.filter(isRightKind).sort((left, right) => left.length - right.length)[0];
  if (meant) return meant.flatMap(findingsOf);
  const kinds = ((error.schema['anyOf'] as readonly TSchema[] | undefined) ?? [])
    .map(describeKind)
    .join(' or ');
  return [
    {
      code: 'config.invalid',
      pointer: error.path,
      part: 'value',
      message: `must be ${kinds}`,
      ...suggestionOf(error.schema),
    },
  ];
}

function describeKind(schema: TSchema): string {
  if ('const' in schema) return JSON.stringify(schema['const']);
  switch (schema['type']) {
    case 'object':
      return 'a mapping { … }';
    case 'array':
      return 'a list';
    case 'integer':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'a text';
    default:
      return String(schema['type'] ?? 'something else');
  }
}

const suggestionOf = ({ description }: TSchema): { readonly suggestion?: string } =>
  description === undefined ? {} : { suggestion: description };

const bounds = (schema: TSchema): string => {
  const low = schema['minimum'] as number | undefined;
  const high = schema['maximum'] as number | undefined;
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`;
  if (low !== undefined) return ` of at least ${low}`;
  return high === undefined ? '' : ` of at most ${high}`;
};

function ofWrongValue(error: ValueError): Finding {
  const type = error.schema['type'] as unknown;
  const wanted = type === 'integer' || type === 'number' || type === 'boolean' ? type : undefined;
  const pattern = error.type === ValueErrorType.StringPattern ? ' of the right form' : '';
  return {
    code: 'config.invalid',
    pointer: error.path,
    part: 'value',
    message: `must be ${describeKind(error.schema)}${bounds(error.schema)}${pattern}`,
    ...suggestionOf(error.schema),
    ...(wanted ? { wanted } : {}),
  };
}

const missingKey = (error: ValueError): Finding => ({
  code: 'config.invalid',
  pointer: error.path,
  part: 'key',
  message: `"${lastKey(error.path)}" is missing`,
});

function findingsOf(error: ValueError): readonly Finding[] {
  if (error.type === ValueErrorType.ObjectAdditionalProperties) return [unknownKey(error)];
  if (error.type === ValueErrorType.ObjectRequiredProperty) return [missingKey(error)];
  if (error.type === ValueErrorType.Union) return ofUnion(error);
  if (error.type === ValueErrorType.Literal) return [notOneOf(error, [error.schema['const']])];
  return [ofWrongValue(error)];
}

/** Everything that is wrong with a value, one finding a place, unknown keys with the nearest known one. */
export function checkValue(schema: TSchema, value: unknown): readonly Finding[] {
  const byPlace = new Map<string, Finding>();
  for (const error of Errors(schema, value)) {
    for (const finding of findingsOf(error)) {
      if (!byPlace.has(finding.pointer)) byPlace.set(finding.pointer, finding);
    }
  }
  return [...byPlace.values()];
}
