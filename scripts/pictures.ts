/**
 * Takes the pictures of docs/how-to from a real Temporal UI in a real Chromium; build first.
 *
 *     node scripts/servers.mjs run --with temporal,postgres,chromium -- node --import tsx scripts/pictures.ts
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Locator, Page } from 'playwright-core';
import { settingsUpdate } from '../src/workflows/messages.ts';
import { createFolder, createPostgresDatabase } from '../test/support/databases.ts';
import { eventually } from '../test/support/eventually.ts';
import { ordersSql } from '../test/support/orders.ts';
import { servers } from '../test/support/servers.ts';
import { type SluicePlace, sluice, startWorker, writeConfig } from '../test/support/sluice.ts';
import { openBrowser, temporalUi, type TemporalUi } from '../test/support/temporal-ui.ts';
import { startNats } from './servers/start-nats.mjs';

const FOLDER = join(import.meta.dirname, '..', 'docs', 'how-to', 'pictures');
/** From 1280 on the UI puts the facts of a workflow side by side. */
const SIZE = { width: 1280, height: 1100 } as const;
const ID = 'transfer/orders';
/** So slow that there is time to look. */
const RATE = 8_000;
const ROWS = 200_000;
/** The navigation on the left and the bar on top show nothing of ours. */
const LEFT = 64;
const TOP = 60;

const { postgresUrl, temporalAddress, temporalUiUrl, chromium } = servers();

async function writeWorld(folder: string, hub: { url: string; monitorUrl: string }): Promise<SluicePlace> {
  const [shop, warehouse] = await Promise.all(
    ['shop', 'warehouse'].map((name) => createPostgresDatabase(postgresUrl, name)),
  );
  if (!shop || !warehouse) throw new Error('no databases');
  await shop.query(
    `${ordersSql(ROWS)}; CREATE TABLE customers AS SELECT i AS id, 'customer ' || i AS name FROM generate_series(1, 9000) AS i;
     ALTER TABLE customers ADD PRIMARY KEY (id); ANALYZE customers`,
  );
  const configPath = await writeConfig(folder, {
    version: 1,
    connections: {
      shop: { url: shop.url },
      warehouse: { url: warehouse.url },
      events: { url: hub.url, monitor: hub.monitorUrl },
    },
    transfers: {
      orders: {
        source: 'shop',
        hub: 'events',
        target: 'warehouse',
        tables: { 'public.*': {} },
        structure: { policy: 'verify' },
        read: { rowsPerRange: 20_000, blockRows: 1_000 },
        write: { mode: 'truncate' },
        limits: { ratePerSecond: RATE },
        reportingInterval: '1s',
      },
    },
  });
  const place = { configPath, temporalAddress, taskQueue: 'sluice' };
  await warehouse.query(
    'CREATE TABLE orders (id bigint PRIMARY KEY, customer_id integer NOT NULL, status text NOT NULL, amount numeric(12,2), created_at timestamptz NOT NULL, note text, payload jsonb, qty smallint, flag boolean, ref uuid); CREATE TABLE customers (id integer PRIMARY KEY, name text)',
  );
  return place;
}

async function picture(page: Page, name: string, height: number, width = SIZE.width - LEFT): Promise<void> {
  await page.screenshot({ path: join(FOLDER, `${name}.png`), clip: { x: LEFT, y: TOP, width, height } });
}
const pictureOf = (locator: Locator, name: string) =>
  locator.screenshot({ path: join(FOLDER, `${name}.png`) });

async function untilDetailsSay(ui: TemporalUi, expected: RegExp): Promise<void> {
  await eventually(`details say ${expected}`, async () => expected.test(await ui.currentDetails()));
}

const form = { workflowId: ID, taskQueue: 'sluice', workflowType: 'transfer', input: '"orders"' };

async function takeRun(ui: TemporalUi, finish: () => Promise<void>): Promise<void> {
  const { page } = ui;
  await ui.fillStartForm(form);
  await picture(page, 'start', 940, 930);
  await ui.submitStartForm();
  await untilDetailsSay(ui, /[1-9]\d,\d+ rows applied/);
  await picture(page, 'running', 580);
  await pictureOf(await ui.openSignals(), 'signals');
  await ui.fillSignal('pause', '{"reason": "backup until 6:00", "by": "Ana"}');
  await pictureOf(page.getByRole('dialog'), 'pause');
  await ui.submitSignal();
  await untilDetailsSay(ui, /paused:/);
  await picture(page, 'paused', 580);
  await ui.openSignals();
  await ui.fillSignal('resume');
  await ui.submitSignal();
  await untilDetailsSay(ui, /^copying[\s\S]*[1-9][\d,]* rows\/s/);
  await picture(page, 'resumed', 580);
  await finish();
  await ui.openWorkflow(ID);
  await ui.badge('Completed').waitFor();
  await page.getByText('"finished"').first().waitFor();
  await picture(page, 'finished', 800);
}

async function takeCancel(ui: TemporalUi): Promise<void> {
  await ui.fillStartForm(form);
  await ui.submitStartForm();
  await ui.badge('Running').waitFor();
  await pictureOf(await ui.askToCancel(), 'cancel');
  await ui.confirmCancel();
  await ui.badge('Canceled').waitFor();
}

async function takeSchedule(ui: TemporalUi, place: SluicePlace): Promise<void> {
  await sluice(place, 'schedule', 'create', 'orders', '--cron', '30 2 * * *', '--note', 'every night');
  await sluice(place, 'schedule', 'trigger', 'orders');
  await eventually('the launched transfer runs', async () => {
    const { stdout } = await sluice(place, 'status', '-o', 'json');
    return stdout.includes('orders');
  });
  await ui.page.goto(`${temporalUiUrl}/namespaces/default/schedules/sluice%2Forders`);
  await ui.page.getByText('Upcoming Runs').first().waitFor();
  await ui.page
    .getByRole('link', { name: /launch\/orders/ })
    .first()
    .waitFor();
  await picture(ui.page, 'schedule', 640);
}

await mkdir(FOLDER, { recursive: true });
const { path: folder, remove } = await createFolder();
const hub = await startNats({ syncAlways: true });
const place = await writeWorld(folder, hub);
const worker = startWorker(place);
const browser = await openBrowser(chromium);
const connection = await Connection.connect({ address: temporalAddress });
try {
  const ui = temporalUi(await browser.newPage({ viewport: SIZE, locale: 'en-GB' }), temporalUiUrl);
  const handle = new Client({ connection }).workflow.getHandle(ID);
  await takeRun(ui, async () => {
    await handle.executeUpdate(settingsUpdate, { args: [{ ratePerSecond: 0 }] });
    await handle.result();
  });
  await takeCancel(ui);
  await takeSchedule(ui, place);
} finally {
  await connection.close();
  await browser.close();
  await worker.stop();
  await hub.stop();
  await remove();
}
