import {
  type Config,
  ConfigFile,
  type ConnectionSpec,
  LEDGER_DEFAULTS,
  type ResolvedConnection,
} from '../model/config.ts';
import { SluiceError } from '../model/sluice-error.ts';
import type { TransferSpec } from '../model/transfer-spec.ts';
import { checkValue, type Finding } from './check-value.ts';
import { convertTexts } from './convert-texts.ts';
import { nearest } from './nearest.ts';
import { type ParsedDocument, parseDocument, pointerKeys, pointerOf } from './parse-document.ts';
import { resolveConnection } from './resolve-connection.ts';
import { resolveVariables } from './resolve-variables.ts';
import type { Environment } from './variables.ts';

export interface ConfigText {
  readonly text: string;
  /** As errors name it. */
  readonly path: string;
  /** Paths of secret files are relative to it. */
  readonly folder: string;
  readonly environment: Environment;
}

/** Either a configuration, or everything that is wrong with the text. */
export type ReadConfig =
  | { readonly config: Config; readonly problems: readonly [] }
  | { readonly config: null; readonly problems: readonly SluiceError[] };

const PLAIN_KEY = /^[A-Za-z0-9_-]+$/;

/** `transfers.orders.tables."public.orders"` */
const dotted = (pointer: string): string =>
  pointerKeys(pointer)
    .map((key) => (PLAIN_KEY.test(key) ? key : JSON.stringify(key)))
    .join('.');

function problemOf(finding: Finding, document: ParsedDocument): SluiceError {
  const place = document.place(finding.pointer, finding.part);
  const name = dotted(finding.pointer);
  return new SluiceError(finding.code, finding.message, {
    where: name === '' ? place : `${name} (${place})`,
    ...(finding.suggestion === undefined ? {} : { suggestion: finding.suggestion }),
  });
}

function unknownName(
  kind: 'connection' | 'transfer',
  name: string,
  known: readonly string[],
  where: string,
): SluiceError {
  const near = nearest(name, known);
  const suggestion = near
    ? `did you mean "${near}"?`
    : `${kind}s here: ${known.length === 0 ? 'none' : known.join(', ')}`;
  return new SluiceError('config.unknown_name', `there is no ${kind} "${name}"`, { where, suggestion });
}

/** Transfers and captures name connections: every name must be there. */
function checkNames(file: ConfigFile, document: ParsedDocument): readonly SluiceError[] {
  const known = Object.keys(file.connections);
  const unknown = (pointer: string, name: string): SluiceError =>
    unknownName('connection', name, known, `${dotted(pointer)} (${document.place(pointer)})`);
  const ofTransfers = Object.entries(file.transfers ?? {}).flatMap(([name, spec]) =>
    (['source', 'hub', 'target'] as const)
      .filter((role) => !known.includes(spec[role]))
      .map((role) => unknown(pointerOf(pointerOf('/transfers', name), role), spec[role])),
  );
  const ofCaptures = Object.keys(file.captures ?? {})
    .filter((name) => !known.includes(name))
    .map((name) => unknown(pointerOf('/captures', name), name));
  return [...ofTransfers, ...ofCaptures];
}

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object')
    for (const item of Object.values(Object.freeze(value))) deepFreeze(item);
  return value;
}

function configOf(file: ConfigFile, document: ParsedDocument, from: ConfigText): Config {
  const connectionNames = Object.keys(file.connections);
  const transfers = deepFreeze(file.transfers ?? {});
  const captures = deepFreeze(file.captures ?? {});
  const transfer = (name: string): TransferSpec => {
    if (Object.hasOwn(transfers, name)) return transfers[name] as TransferSpec;
    throw unknownName('transfer', name, Object.keys(transfers), from.path);
  };
  const connection = (name: string): ResolvedConnection => {
    if (!Object.hasOwn(file.connections, name))
      throw unknownName('connection', name, connectionNames, from.path);
    return resolveConnection({
      name,
      spec: file.connections[name] as ConnectionSpec,
      environment: from.environment,
      folder: from.folder,
      place: document.place,
    });
  };
  const siteOf = (name: string): string | null =>
    (Object.hasOwn(file.connections, name) ? file.connections[name]?.site : undefined) ?? null;
  const ledger = { ...LEDGER_DEFAULTS, ...file.ledger };
  const names = { connectionNames, siteOf };
  return deepFreeze({ path: from.path, ledger, ...names, captures, transfers, transfer, connection });
}

/**
 * Parses and checks the text of a configuration. Variables are replaced everywhere but under `connections`, which are
 * resolved when they are asked for: who only looks at transfers needs no secret.
 */
export function readConfig(from: ConfigText): ReadConfig {
  let document: ParsedDocument;
  try {
    document = parseDocument(from.text, from.path);
  } catch (error) {
    return { config: null, problems: [error as SluiceError] };
  }
  const root = document.value;
  const isMapping = root !== null && typeof root === 'object' && !Array.isArray(root);
  const { connections, ...rest } = (isMapping ? root : {}) as Record<string, unknown>;
  const resolved = resolveVariables(rest, '', {
    environment: from.environment,
    place: (at) => `${dotted(at)} (${document.place(at)})`,
  });
  const raw = isMapping
    ? { ...(resolved.value as object), ...(connections === undefined ? {} : { connections }) }
    : root;
  const value = convertTexts(raw, checkValue(ConfigFile, raw), (pointer) => resolved.changed.has(pointer));
  const findings = checkValue(ConfigFile, value).filter((finding) => !resolved.missing.has(finding.pointer));
  const problems = [...resolved.problems, ...findings.map((finding) => problemOf(finding, document))];
  if (problems.length > 0) return { config: null, problems };
  const unknown = checkNames(value as ConfigFile, document);
  if (unknown.length > 0) return { config: null, problems: unknown };
  return { config: configOf(value as ConfigFile, document, from), problems: [] };
}
