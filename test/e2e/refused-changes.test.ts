import { afterEach, expect, test } from 'vitest';
import { type ChangeStage, createChangeStage } from '../support/change-stage.ts';
import { describeWith } from '../support/servers.ts';

interface Listed {
  readonly events: readonly { readonly key: string; readonly state: string; readonly event: string }[];
  readonly counts: Readonly<Record<string, number>>;
}

describeWith(['postgres', 'nats', 'temporal'], 'a change that the target refuses', () => {
  let stage: ChangeStage;
  afterEach(() => stage.close());

  const listed = async (): Promise<Listed> => {
    const { code, stdout, stderr } = await stage.world.cli(
      'errors',
      'list',
      stage.world.transfer,
      '-o',
      'json',
    );
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as Listed;
  };
  const balances = async (...ids: readonly number[]): Promise<readonly string[]> =>
    (await stage.target.query(`SELECT balance FROM accounts WHERE id IN (${ids.join()}) ORDER BY id`)).map(
      ([balance]) => balance ?? '',
    );
  /** The target takes no large balances; account 1 gets one, and others go on. */
  const refuse = async (spec: Parameters<typeof createChangeStage>[0]): Promise<void> => {
    stage = await createChangeStage(spec);
    const { world, source, target } = stage;
    world.worker();
    await world.start();
    await world.eventually('the changes are live', async () => (await world.status()).phase === 'live');
    await target.query('ALTER TABLE accounts ADD CONSTRAINT small CHECK (balance < 100000)');
    await source.query('UPDATE accounts SET balance = 500000 WHERE id = 1');
    await source.query('UPDATE accounts SET balance = 22 WHERE id = 2');
    await source.query('UPDATE accounts SET balance = 11 WHERE id = 1');
    await source.query('UPDATE accounts SET balance = 33 WHERE id = 3');
    await world.eventually('the others are there', async () => (await balances(3))[0] === '33.00');
  };

  test('is set apart with those of its key; a person sees it, mends what refused it, and has it tried again', async () => {
    await refuse({ spec: { changes: { claimEvents: 1, quarantine: { retryAfter: '1h' } } } });
    const { world, target } = stage;
    expect(await balances(2, 3)).toEqual(['22.00', '33.00']);
    const { events, counts } = await listed();
    expect(events.map(({ key, state }) => `${key} ${state}`)).toEqual([
      '{"id":"1"} waiting',
      '{"id":"1"} behind',
    ]);
    expect(counts).toEqual({ waiting: 1, behind: 1 });
    const shown = await world.cli('errors', 'show', world.transfer, events[0]!.event);
    expect(shown.stdout).toContain('target.constraint_violated');
    expect(shown.stdout).toContain('"balance" : 500000');
    await world.eventually('the status says so', async () =>
      (await world.cli('status', world.transfer)).stdout.includes('2 refused changes: 1 waiting, 1 behind'),
    );
    await target.query('ALTER TABLE accounts DROP CONSTRAINT small');
    expect((await world.cli('errors', 'reactivate', world.transfer)).stdout).toContain('1 changes');
    await world.eventually('it is applied', async () => (await balances(1))[0] === '11.00');
    expect((await listed()).events).toEqual([]);
    expect((await world.cli('cut-over', world.transfer, '--wait')).code).toBe(0);
    await stage.expectEqual();
  });

  test('does not keep the transfer from its end, which says so; what is discarded is never applied', async () => {
    await refuse({ spec: { changes: { claimEvents: 1 }, completion: { verify: 'checksum' } } });
    const { world } = stage;
    const ended = await world.cli('cut-over', world.transfer, '--wait');
    // The one that is behind would let it in: at its end everything is tried once more.
    expect(ended.code, ended.stderr).toBe(0);
    await stage.expectEqual();
  });

  test('is a finding of the transfer at its end', async () => {
    await refuse({ spec: { changes: { claimEvents: 1 }, completion: { verify: 'checksum' } } });
    const { world, source } = stage;
    await source.query('UPDATE accounts SET balance = 600000 WHERE id = 1');
    const ended = await world.cli('cut-over', world.transfer, '--wait');
    expect(ended.code, ended.stderr).toBe(4);
    expect(ended.stdout).toMatch(/3 refused changes: .*sluice errors list/);
    const asked = await world.cli('errors', 'discard', world.transfer);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain('--yes');
    expect((await world.cli('errors', 'discard', world.transfer, '--yes')).stdout).toContain(
      '3 changes given up',
    );
    expect((await listed()).events).toEqual([]);
  });

  test('holds up its key at least: without an order the target would have the wrong rows, and nothing is made', async () => {
    stage = await createChangeStage({ spec: { changes: { ordering: 'none' } } });
    const { world, target } = stage;
    world.worker();
    const started = await world.cli('start', world.transfer, '--wait');
    expect(started).toMatchObject({ code: 2, stderr: expect.stringContaining('changes.ordering') as string });
    expect(
      await target.query(`SELECT count(*) FROM pg_tables WHERE schemaname !~ '^(pg_|information)'`),
    ).toEqual([['0']]);
  });

  test('blocks all changes behind it where these keep the order of their tables', async () => {
    stage = await createChangeStage({ spec: { changes: { ordering: 'table' } } });
    const { world, source, target } = stage;
    world.worker();
    await world.start();
    await world.eventually('the changes are live', async () => (await world.status()).phase === 'live');
    await target.query('ALTER TABLE accounts ADD CONSTRAINT small CHECK (balance < 100000)');
    await source.query('UPDATE accounts SET balance = 500000 WHERE id = 1');
    await world.eventually(
      'a person is asked',
      async () => (await world.status()).tables.byStatus.blocked === 1,
    );
    expect((await listed()).events).toEqual([]);
  });
});
