import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPostgresDatabase, type TestDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { digestSql, ordersSql } from '../support/orders.ts';
import { describeWith, servers } from '../support/servers.ts';
import { openBrowser, temporalUi, type TemporalUi } from '../support/temporal-ui.ts';
import { createWorld, type TransferWorld } from '../support/transfer-world.ts';

const ROWS = 60_000;
/** Slow enough for a person: two minutes for the whole table. */
const RATE = 500;

describeWith(
  ['postgres', 'nats', 'temporal', 'temporalUi', 'chromium'],
  'a transfer is run from the Temporal UI alone',
  () => {
    let source: TestDatabase;
    let target: TestDatabase;
    let world: TransferWorld;
    let browser: Browser;
    let ui: TemporalUi;

    const detailsSay = (expected: RegExp): Promise<string> =>
      eventually(`current details say ${expected}`, async () => {
        const text = await ui.currentDetails();
        return expected.test(text) && text;
      });

    const start = async (input: unknown): Promise<void> => {
      await ui.fillStartForm({
        workflowId: `transfer/${world.transfer}`,
        taskQueue: world.place.taskQueue,
        workflowType: 'transfer',
        input: JSON.stringify(input),
      });
      await ui.submitStartForm();
    };

    const signal = async (name: string, input?: unknown): Promise<void> => {
      await ui.openSignals();
      await ui.fillSignal(name, input === undefined ? undefined : JSON.stringify(input));
      await ui.submitSignal();
    };

    beforeAll(async () => {
      const { postgresUrl, chromium } = servers();
      [source, target, browser] = await Promise.all([
        createPostgresDatabase(postgresUrl),
        createPostgresDatabase(postgresUrl),
        openBrowser(chromium),
      ]);
      await source.query(ordersSql(ROWS));
      world = await createWorld({
        source: source.url,
        target: target.url,
        spec: {
          tables: { 'public.orders': {} },
          read: { rowsPerRange: 5_000, blockRows: 500 },
          limits: { ratePerSecond: RATE },
          reportingInterval: '1s',
          completion: { verify: 'checksum' },
        },
      });
      world.worker();
      ui = temporalUi(
        await browser.newPage({ viewport: { width: 1280, height: 900 } }),
        servers().temporalUiUrl,
      );
    });

    afterAll(async () => {
      await browser?.close();
      await world?.close();
      await Promise.all([source?.drop(), target?.drop()]);
    });

    test('an input that is no transfer fails at once and says what is wanted', async () => {
      await start({ transfers: world.transfer });
      await ui.badge('Failed').waitFor();
      await ui.page.getByText('the input is the name of a transfer').first().waitFor();
    });

    test('it starts from its name, shows its progress, pauses, resumes and cancels', async () => {
      await start(world.transfer);
      await ui.badge('Running').waitFor();
      await detailsSay(/copying[\s\S]*[1-9][\d,]* rows applied[\s\S]*public\.orders/);

      await signal('pause', { reason: 'looked at in a browser', by: 'a test' });
      await detailsSay(/paused: looked at in a browser \(by a test\)/);

      await signal('resume');
      await detailsSay(/^copying/);

      await ui.askToCancel();
      await ui.confirmCancel();
      await ui.badge('Canceled').waitFor();
      expect(Number(await target.cell('SELECT count(*) FROM orders'))).toBeLessThan(ROWS);
    });

    test('a new start goes on with what was cancelled, to equal sides', async () => {
      await start({ transfer: world.transfer, override: { ratePerSecond: 0 } });
      await ui.badge('Completed').waitFor();
      expect((await world.result()).rows).toBe(ROWS);
      expect(await target.cell(digestSql('orders'))).toBe(await source.cell(digestSql('orders')));
    });
  },
);
