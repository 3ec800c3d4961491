import type { BenchOptions } from '../options.ts';
import type { Case, Group } from './case.ts';
import { GROUPS } from './groups.ts';
import { MARIADB } from './mariadb.ts';
import { OURS } from './ours.ts';
import { PEERS } from './peers.ts';
import { SQLITE } from './sqlite.ts';

export const ALL_CASES: readonly Case[] = [...OURS, ...PEERS, ...MARIADB, ...SQLITE];

/** @throws RangeError for a name that no case has */
export function chooseCases(options: BenchOptions): readonly Case[] {
  const unknown = options.cases.find((name) => !ALL_CASES.some((known) => known.name === name));
  if (unknown !== undefined) throw new RangeError(`no case is called "${unknown}"; --cases list names them`);
  const wanted: Readonly<Record<Group['name'], boolean>> = {
    orders: true,
    'to-mariadb': options.mariadb,
    'from-mariadb': options.mariadb,
    sqlite: options.sqlite,
    large: options.large,
    wide: options.large,
  };
  return ALL_CASES.filter(({ name, group, needs }) =>
    options.cases.length > 0
      ? options.cases.includes(name)
      : wanted[group] && (needs !== 'kafka' || options.kafka),
  );
}

/** Ours, a peer, ours, a peer: what the machine does besides hits both alike. */
export function alternate(cases: readonly Case[]): readonly Case[] {
  const ours = cases.filter(({ side }) => side === 'ours');
  const peers = cases.filter(({ side }) => side === 'peer');
  const length = Math.max(ours.length, peers.length);
  return Array.from({ length }, (_, index) => [ours[index], peers[index]])
    .flat()
    .filter((each) => each !== undefined);
}

export const groupsOf = (cases: readonly Case[]): readonly Group[] =>
  GROUPS.filter((group) => cases.some((each) => each.group === group.name));
