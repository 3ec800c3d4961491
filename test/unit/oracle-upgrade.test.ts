import { describe, expect, test } from 'vitest';
import { createChangeCapture } from '../../src/databases/oracle/capture/change-capture.ts';
import { install } from '../../src/databases/oracle/capture/installation.ts';
import {
  installStatements,
  laterStatements,
  removeStatements,
  renderFirstInstallation,
  renderInstalled,
  renderThere,
  renderUpgraded,
} from '../../src/databases/oracle/capture/sql/install-sql.ts';
import { COMMIT } from '../../src/databases/oracle/connections/pool.ts';
import { never } from '../contract/test-tables.ts';
import { countsKeptOf } from '../../src/model/capture-spec.ts';
import { captured } from '../support/oracle/captured.ts';
import { standInPool } from '../support/oracle/parking-statements.ts';
import { type Answer, oraError, pinned, standInSession } from '../support/oracle/stand-in-driver.ts';

const STAGING = { partitionEvents: 1_000, initrans: 4 } as const;

/** A server that has the tables of the first version. */
const installedAs =
  (version: string | null, more: Answer = () => []): Answer =>
  (text, binds) => {
    const answer = more(text, binds);
    if (answer instanceof Error || answer.length > 0) return answer;
    if (text === renderThere(captured).text) return [[String(captured.bare.length)]];
    if (text === renderInstalled(captured)) return version === null ? [] : [['id', version, '0', '0']];
    return pinned()(text, binds);
  };

/** What an installation writes. */
async function upgraded(answer: Answer): Promise<readonly string[]> {
  const { session, sent } = standInSession(answer);
  await session.pin();
  await install(session, captured, STAGING);
  return sent.filter((text) => /^(CREATE TABLE|INSERT|UPDATE|COMMIT)/.test(text));
}

describe('an installation', () => {
  test('of the first version gets the tables of the second, and then its number, and keeps what it has', async () => {
    expect(await upgraded(installedAs('1'))).toEqual([
      ...laterStatements(captured),
      renderFirstInstallation(captured),
      renderUpgraded(captured),
      COMMIT,
    ]);
  });

  test('whose upgrade died takes what that has made as it is', async () => {
    const exists = installedAs('1', (text) => (text.startsWith('CREATE TABLE') ? oraError(955) : []));
    expect(await upgraded(exists)).toContain(renderUpgraded(captured));
  });

  test('whose upgrade fails stays of the first version', async () => {
    const { session, sent } = standInSession(
      installedAs('1', (text) => (text.startsWith('CREATE TABLE') ? oraError(1_536) : [])),
    );
    await session.pin();
    await expect(install(session, captured, STAGING)).rejects.toMatchObject({
      code: 'database.permission_denied',
    });
    expect(sent).not.toContain(renderUpgraded(captured));
  });

  test('of this version is left alone', async () => {
    expect(await upgraded(installedAs('2'))).toEqual([]);
  });

  test('that died before it was written down is written down', async () => {
    expect(await upgraded(installedAs(null))).toContain(renderFirstInstallation(captured));
  });

  test('of a later version is refused', async () => {
    await expect(upgraded(installedAs('3'))).rejects.toMatchObject({ code: 'database.version_unsupported' });
  });

  test('of the first version moves nothing before it is upgraded', async () => {
    const changes = createChangeCapture(standInPool(installedAs('1')).pool, captured, countsKeptOf({}));
    await expect(changes.lease({ transfer: 'orders', lane: 1 }, never())).rejects.toMatchObject({
      code: 'capture.not_installed',
      details: { suggestion: expect.stringContaining('sluice capture install') as string },
    });
  });

  test('leaves no table when it is taken away', () => {
    const named = [...installStatements(captured), ...laterStatements(captured)].map(
      (text) => /^CREATE TABLE (\S+)/.exec(text)?.[1] ?? text,
    );
    const dropped = removeStatements(captured).join('\n');
    expect(named.filter((name) => !dropped.includes(`DROP TABLE ${name} `))).toEqual([]);
  });
});
