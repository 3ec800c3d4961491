import { describe, expect, test } from 'vitest';
import { install } from '../../src/databases/oracle/capture/installation.ts';
import { PARTITIONING } from '../../src/databases/oracle/capture/sql/install-sql.ts';
import { renderKeeperBody, renderKeeperSpec } from '../../src/databases/oracle/capture/sql/keeper-sql.ts';
import { renderRecorderBody } from '../../src/databases/oracle/capture/sql/recorder-body.ts';
import { renderRecorderSpec } from '../../src/databases/oracle/capture/sql/recorder-spec.ts';
import { makeTrigger } from '../../src/databases/oracle/capture/triggers/deploy-table.ts';
import { designTriggers, planOf } from '../../src/databases/oracle/capture/triggers/make-plan.ts';
import { renderCheckCondition } from '../../src/databases/oracle/capture/sql/trigger-catalog-sql.ts';
import type { CapturedTableSpec } from '../../src/model/capture-spec.ts';
import { never } from '../contract/test-tables.ts';
import { captured } from '../support/oracle/captured.ts';
import { tableOf } from '../support/oracle/plans.ts';
import { type Answer, oraError, pinned, standInSession } from '../support/oracle/stand-in-driver.ts';

const STAGING = { partitionEvents: 1_000, initrans: 4 } as const;

/** A server that has the table, as far as a trigger asks for it. */
const withTable =
  (more: Answer = () => []): Answer =>
  (text, binds) => {
    const answer = more(text, binds);
    if (answer instanceof Error || answer.length > 0) return answer;
    const ofSession = pinned()(text, binds);
    if (ofSession instanceof Error || ofSession.length > 0) return ofSession;
    return text.includes('T.TEMPORARY, (SELECT') ? [['SHOP', 'ORDERS', 'N', null, 'NO']] : [];
  };

async function opened(answer: Answer) {
  const { session, sent } = standInSession(answer);
  await session.pin();
  const from = sent.length;
  return { session, sent: () => sent.slice(from) };
}

const wanted = (spec: CapturedTableSpec = {}) => ({
  table: tableOf(
    [
      { name: 'ID', type: 'NUMBER(18)' },
      { name: 'NAME', type: 'VARCHAR2(40 CHAR)' },
      { name: 'OLD', type: 'LONG' },
    ],
    ['ID'],
  ),
  spec: { columns: { exclude: ['OLD'] }, ...spec },
});

async function designed(answer: Answer, spec?: CapturedTableSpec) {
  const { session, sent } = await opened(answer);
  const design = await designTriggers(session, captured, { tables: [wanted(spec)], known: [] });
  return { session, sent, design };
}

const beginnings = (texts: readonly string[]): readonly string[] =>
  texts.map((text) => /^[A-Z ]+(?:"[^"]+"\.)?"?\w*"?/.exec(text)?.[0].trim() ?? text);

describe('the making of a trigger', () => {
  test('compiles it beside, where it fires for nobody, puts it in its place, and waits for who wrote before', async () => {
    const { session, sent, design } = await designed(withTable());
    const before = sent().length;
    await makeTrigger(session, captured, design.tables[0]!, never());
    const texts = sent().slice(before);
    expect(beginnings(texts)).toEqual([
      'CREATE OR REPLACE TRIGGER "CDC"."SLUICE_1_ORDERS_NEW"',
      'SELECT LINE',
      'DROP TRIGGER "CDC"."SLUICE_1_ORDERS_NEW"',
      'CREATE OR REPLACE TRIGGER "CDC"."SLUICE_1_ORDERS"',
      'SELECT LINE',
      'LOCK TABLE "SHOP"."ORDERS"',
      'COMMIT WRITE IMMEDIATE WAIT',
    ]);
    expect(texts[0]).toContain(' DISABLE\n');
    expect(texts[3]).toContain(' ENABLE\n');
  });

  test('leaves what stands alone where the text does not compile, and says why', async () => {
    const { session, sent, design } = await designed(
      withTable((text) =>
        text.includes('ALL_ERRORS') ? [['3:7', 'PLS-00201: identifier must be declared']] : [],
      ),
      { where: 'name IS NOT NULL' },
    );
    const before = sent().length;
    await expect(makeTrigger(session, captured, design.tables[0]!, never())).rejects.toMatchObject({
      code: 'capture.condition_invalid',
      message: expect.stringContaining('3:7 PLS-00201') as string,
    });
    expect(beginnings(sent().slice(before)).at(-1)).toBe('DROP TRIGGER "CDC"."SLUICE_1_ORDERS_NEW"');
  });

  test('leaves none that would fail statements of the application, should the table change meanwhile', async () => {
    const { session, sent, design } = await designed(
      withTable((text, binds) =>
        text.includes('ALL_ERRORS') && binds['name'] === 'SLUICE_1_ORDERS' ? [['3:7', 'PLS-00049']] : [],
      ),
    );
    const before = sent().length;
    await expect(makeTrigger(session, captured, design.tables[0]!, never())).rejects.toMatchObject({
      code: 'capture.table_unsupported',
    });
    expect(beginnings(sent().slice(before)).slice(-3)).toEqual([
      'CREATE OR REPLACE TRIGGER "CDC"."SLUICE_1_ORDERS"',
      'SELECT LINE',
      'DROP TRIGGER "CDC"."SLUICE_1_ORDERS"',
    ]);
  });

  test('tries again where others hold the table for a moment', async () => {
    let refusals = 2;
    const { session, sent, design } = await designed(
      withTable((text) => {
        if (!text.startsWith('LOCK TABLE') || refusals === 0) return [];
        refusals -= 1;
        return oraError(54);
      }),
    );
    await makeTrigger(session, captured, design.tables[0]!, never());
    expect(sent().filter((text) => text.startsWith('LOCK TABLE'))).toHaveLength(3);
  });
});

describe('a plan', () => {
  test('has one new trigger, and says what triggers do not see', async () => {
    const { design } = await designed(withTable());
    const plan = planOf(design);
    expect(plan.triggers).toMatchObject([{ name: 'SLUICE_1_ORDERS', state: 'new', before: null }]);
    expect(plan.refusals).toEqual([]);
    expect(plan.warnings.map(({ text }) => text).join('\n')).toMatch(/TRUNCATE[^]*direct path[^]*ORA-04098/);
  });

  test('refuses a type that no trigger records, and a key that is deferrable', async () => {
    const { design } = await designed(
      withTable((text) =>
        text.includes('T.TEMPORARY, (SELECT') ? [['SHOP', 'ORDERS', 'N', 'DEFERRABLE', 'NO']] : [],
      ),
      { columns: {} },
    );
    expect(design.refusals.map(({ text }) => text)).toEqual([
      expect.stringContaining('its primary key is deferrable'),
      expect.stringContaining('the type LONG of OLD'),
    ]);
  });

  test.each([
    ['1=1); DROP TABLE x', 'one expression'],
    ['name = (SELECT 1 FROM dual)', 'no column|none of the functions'],
    ["name = SYS_CONTEXT('USERENV', 'HOST')", 'SYS_CONTEXT'],
    ['name = :x', 'the sign :'],
    ['other.name IS NULL', 'no column|the sign'],
    ["name = q'[x]'", "it has q'"],
    ['name IN orders', 'another table'],
    ['"name" IS NULL', 'name is no column'],
    ['name IS NULL -- x', 'without comments'],
  ])('refuses the condition %s', async (where, reason) => {
    await expect(designed(withTable(), { where })).rejects.toMatchObject({
      code: 'capture.condition_invalid',
      message: expect.stringMatching(reason) as string,
    });
  });

  test('asks the server what it makes of a condition, on no row', async () => {
    const where = "UPPER(name) LIKE 'A%' AND id NOT IN (1, 2)";
    const { sent } = await designed(withTable(), { where });
    expect(sent()).toContain(renderCheckCondition({ schema: 'SHOP', name: 'ORDERS' }, where));
    const refused = designed(
      withTable((text) => (text.includes('WHERE 1 = 0') ? oraError(932) : [])),
      { where },
    );
    await expect(refused).rejects.toMatchObject({ code: 'capture.condition_invalid' });
  });
});

describe('an installation', () => {
  const made = async (answer: Answer): Promise<readonly string[]> => {
    const { session, sent } = await opened(withTable(answer));
    await install(session, captured, STAGING);
    return sent().filter((text) => text.includes('EVENT_LOGS"') || text.includes('EVENTS_BY_ID'));
  };
  const option =
    (value: string): Answer =>
    (text) =>
      text === PARTITIONING ? [[value]] : [];

  test('has partitions, and no index, where the edition has them', async () => {
    const texts = (await made(option('TRUE'))).filter((text) => text.startsWith('CREATE'));
    expect(texts[0]).toMatch(/INITRANS 4 PARTITION BY RANGE \(ID\) INTERVAL \(1000\)/);
    expect(texts.some((text) => text.startsWith('CREATE INDEX'))).toBe(false);
  });

  test.each([
    ['says that it has none', option('FALSE')],
    [
      'refuses to make one',
      (text: string) => {
        if (text === PARTITIONING) return [['TRUE']];
        return text.includes('PARTITION BY') ? oraError(439) : [];
      },
    ],
  ] as const)('is a heap with an index where the server %s', async (_, answer) => {
    const texts = (await made(answer)).filter((text) => /^CREATE (TABLE|INDEX)/.test(text));
    expect(texts.some((text) => text.startsWith('CREATE INDEX'))).toBe(true);
    expect(texts.at(-1)).not.toContain('PARTITION BY');
  });

  test('is refused with the GRANT to who may not ask which transactions are open', async () => {
    const { session, sent } = await opened(withTable((text) => (text.includes('GV_$') ? oraError(942) : [])));
    await expect(install(session, captured, STAGING)).rejects.toMatchObject({
      code: 'database.permission_denied',
      details: { suggestion: expect.stringContaining('GV_$TRANSACTION') as string },
    });
    expect(sent().filter((text) => text.startsWith('CREATE'))).toEqual([]);
  });

  test('leaves packages alone that stand as they are, and compiles triggers again where they do not', async () => {
    const trigger: Answer = (text) => {
      if (text.includes('S.NAME, S.TEXT')) return [['SLUICE_1_ORDERS', `"SLUICE_RECORDER".WRITE_EVENTS(`]];
      return text.includes('T.TRIGGER_NAME, T.TABLE_OWNER')
        ? [['SLUICE_1_ORDERS', 'SHOP', 'ORDERS', 'ENABLED', 'INVALID']]
        : [];
    };
    const packages = [
      renderRecorderSpec(captured),
      renderRecorderBody(captured),
      renderKeeperSpec(captured),
      renderKeeperBody(captured),
    ];
    const standing: Answer = (text, binds) => {
      if (!text.startsWith('SELECT TEXT FROM ALL_SOURCE')) return trigger(text, binds);
      const own = packages.find((each) =>
        each.startsWith(`CREATE OR REPLACE ${String(binds['type'])} "CDC"."${String(binds['name'])}"`),
      );
      return (own ?? '')
        .replace('CREATE OR REPLACE ', '')
        .split(/(?<=\n)/)
        .map((line) => [line]);
    };
    const changed = async (answer: Answer): Promise<readonly string[]> => {
      const { session, sent } = await opened(withTable(answer));
      await install(session, captured, STAGING);
      return sent().filter((text) => /PACKAGE|COMPILE/.test(text) && !text.startsWith('SELECT'));
    };
    expect(await changed(standing)).toEqual([]);
    expect(beginnings((await changed(trigger)).slice(-1))).toEqual(['ALTER TRIGGER "CDC"."SLUICE_1_ORDERS"']);
  });

  test('says what of a package did not compile', async () => {
    const { session } = await opened(
      withTable((text) => (text.includes('ALL_ERRORS') ? [['1:1', 'PLS-00103']] : [])),
    );
    await expect(install(session, captured, STAGING)).rejects.toMatchObject({
      message: expect.stringContaining('SLUICE_RECORDER: 1:1 PLS-00103') as string,
    });
  });
});
