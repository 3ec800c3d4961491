import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, test } from 'vitest';
import { absoluteUrl, copyConfig, copyName, type CopyRequest } from '../../src/cli/copy/copy-spec.ts';
import { main } from '../../src/cli/main.ts';
import { createProgram } from '../../src/cli/program.ts';
import { createRun } from '../../src/cli/run-command.ts';
import { renderCompletion, SHELLS } from '../../src/cli/show/render-completion.ts';
import { readConfig } from '../../src/catalog/read-config.ts';
import { scheduleCreateLine, shellWord } from '../../src/cli/transfer/schedule-lines.ts';
import { EXIT } from '../../src/model/error-codes.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command line in this process. */
async function sluice(args: readonly string[], environment: Record<string, string> = {}) {
  const written = { out: '', err: '' };
  const exit = await main(args, {
    environment,
    folder,
    out: { write: (text) => void (written.out += text) },
    err: { write: (text) => void (written.err += text) },
  });
  return { exit, ...written };
}

const program = createProgram(
  createRun({ environment: {}, folder, out: { write: () => 0 }, err: { write: () => 0 } }, () => undefined),
  { environment: {}, folder, out: { write: () => 0 }, err: { write: () => 0 } },
);

describe('exit codes', () => {
  test('help is 0 and goes to standard output', async () => {
    const { exit, out } = await sluice(['--help']);
    expect(exit).toBe(EXIT.done);
    expect(out).toContain('Usage: sluice');
  });

  test.each([
    ['an unknown command', ['lst']],
    ['an unknown flag', ['list', '--nope']],
    ['a missing argument', ['start']],
    ['an unknown format', ['version', '-o', 'xml']],
    ['no configuration', ['validate']],
    ['a setting out of its bounds', ['start', 'x', '--writers', '99']],
    ['a time-out that is none', ['start', 'x', '--wait', '--timeout', 'soon']],
    ['a schedule without a time', ['schedule', 'create', 'x']],
  ])('%s is 2', async (_, args) => {
    const { exit, out, err } = await sluice(args);
    expect(exit).toBe(EXIT.usage);
    expect(out).toBe('');
    expect(err).not.toBe('');
  });
});

describe('a relative path of a file', () => {
  test('begins at the folder of the configuration that names it', async () => {
    mkdirSync(join(folder, 'conf', 'data'), { recursive: true });
    new Database(join(folder, 'conf', 'data', 'shop.db')).exec('CREATE TABLE t (id)').close();
    writeFileSync(
      join(folder, 'conf', 'sluice.yaml'),
      'version: 1\nconnections:\n  shop: { url: "sqlite:data/shop.db", create: false }\n',
    );
    const { exit, out } = await sluice(['connection', 'test', 'shop', '--config', 'conf/sluice.yaml']);
    expect(out).toContain('✓ shop   sqlite SQLite');
    expect(exit).toBe(EXIT.done);
  });
});

describe('validate', () => {
  const written = (name: string, transfer: object): string => {
    const connections = { shop: { url: 'sqlite:shop.db' }, bus: { url: 'nats://bus:4222' } };
    const transfers = {
      orders: { source: 'shop', hub: 'bus', mode: 'changes', tables: { '*': {} }, ...transfer },
    };
    writeFileSync(join(folder, name), JSON.stringify({ version: 1, connections, transfers }));
    return name;
  };
  const changes = { ordering: 'none' };

  test('takes a hub as the target of topics, and changes without an order there', async () => {
    const path = written('topics.json', { target: 'bus', topics: {}, changes });
    expect(await sluice(['validate', '--config', path])).toMatchObject({ exit: EXIT.done, err: '' });
  });

  test('refuses changes without an order for a target, which would hold the wrong rows', async () => {
    const path = written('target.json', { target: 'shop', changes });
    const { exit, err } = await sluice(['validate', '--config', path, '-o', 'json']);
    expect(exit).toBe(EXIT.usage);
    expect(JSON.parse(err)).toMatchObject({
      errors: [{ code: 'config.invalid', where: 'transfers.orders.changes.ordering' }],
    });
  });
});

describe('output', () => {
  test('under json an answer is one document and an error is JSON on standard error', async () => {
    const answered = await sluice(['version', '-o', 'json']);
    expect(JSON.parse(answered.out)).toMatchObject({ node: process.versions.node });
    const failed = await sluice(['validate', '-o', 'json']);
    expect(failed.out).toBe('');
    expect(JSON.parse(failed.err)).toMatchObject({ errors: [{ code: 'config.not_found' }] });
  });

  test('the format is taken from flag, then environment, then text', async () => {
    const { out } = await sluice(['version'], { SLUICE_OUTPUT: 'jsonl' });
    expect(out.trimEnd().split('\n')).toHaveLength(1);
    const flagged = await sluice(['version', '-o', 'text'], { SLUICE_OUTPUT: 'jsonl' });
    expect(flagged.out).toMatch(/^sluice \d/);
    const wrong = await sluice(['version'], { SLUICE_OUTPUT: 'xml' });
    expect(wrong.exit).toBe(EXIT.usage);
  });

  test('a dry run starts nothing and needs no Temporal', async () => {
    const { exit, out } = await sluice([
      'start',
      'orders',
      '--writers',
      '8',
      '--dry-run',
      '--address',
      '127.0.0.1:1',
    ]);
    expect(exit).toBe(EXIT.done);
    expect(out).toContain('{"transfer":"orders","override":{"writers":8}}');
  });
});

describe('schedules', () => {
  test('are printed as a line that a shell reads back', () => {
    const line = scheduleCreateLine(
      {
        transfer: 'orders',
        cron: ['30 2 * * *'],
        intervals: [],
        timeZone: 'Europe/Zurich',
        paused: true,
        note: "ann's",
        taskQueue: 'sluice',
      },
      ['--namespace', 'shop'],
    );
    expect(line).toBe(
      String.raw`temporal schedule create --schedule-id sluice/orders --cron '30 2 * * *' --time-zone Europe/Zurich --paused --notes 'ann'\''s' --type launchTransfer --workflow-id launch/orders --task-queue sluice --input '"orders"' --overlap-policy Skip --catchup-window 1m --pause-on-failure --namespace shop`,
    );
  });

  test.each(['', 'a b', "a'b", '$(x)', 'a\nb', '"'])('the word %j survives a shell', (word) => {
    const { stdout } = spawnSync('sh', ['-c', `printf %s ${shellWord(word)}`], { encoding: 'utf8' });
    expect(stdout).toBe(word);
  });
});

describe('completion', () => {
  test.each(SHELLS)('for %s names every command and the flags of schedule create', (shell) => {
    const script = renderCompletion(shell, program);
    for (const command of program.commands) expect(script).toContain(command.name());
    expect(script).toContain(shell === 'fish' ? '-l cron' : '--cron');
  });

  test('for bash is accepted by bash and completes a subcommand', () => {
    const file = join(folder, 'completion.bash');
    writeFileSync(file, renderCompletion('bash', program));
    const complete = `source ${file}; COMP_WORDS=(sluice schedule cr); COMP_CWORD=2; _sluice; echo "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', complete], { encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 'create\n', stderr: '' });
  });
});

describe('a copy without a file', () => {
  const request: CopyRequest = {
    source: 'postgres://u:p1@h/d${x}',
    target: 'sqlite:out.db',
    hub: 'nats://h',
    tables: ['public.*', '!public.audit_*'],
    verify: 'checksum',
    folder: '/work',
  };

  test('is a configuration that reads back as it was asked for, with file paths made absolute', () => {
    const name = copyName(request);
    const { config, problems } = readConfig({
      text: JSON.stringify(copyConfig(name, request)),
      path: 'x',
      folder: '/',
      environment: {},
    });
    expect(problems).toEqual([]);
    expect(config?.connection('source').url).toBe(request.source);
    expect(config?.connection('target').url).toBe('sqlite:/work/out.db');
    expect(config?.transfer(name).tables).toEqual({ 'public.*': {}, 'public.audit_*': false });
  });

  test('has a name that is the same again, another for other tables, and does not depend on the password', () => {
    expect(copyName(request)).toBe(copyName({ ...request, source: 'postgres://u:p2@h/d${x}' }));
    expect(copyName(request)).not.toBe(copyName({ ...request, tables: ['public.*'] }));
  });

  test.each([
    ['sqlite:/a/b.db', 'sqlite:/a/b.db'],
    ['sqlite:b.db?mode=ro', 'sqlite:/work/b.db?mode=ro'],
    ['sqlite:///a/b.db', 'sqlite:///a/b.db'],
    ['postgres://h/b.db', 'postgres://h/b.db'],
  ])('%s', (url, absolute) => expect(absoluteUrl(url, '/work')).toBe(absolute));
});
