import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { eventually } from './eventually.ts';

/** Chromium without what it does at home: no sandbox (tests run as root), no network of its own. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const openBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: FLAGS });

/** What the form "Start a Workflow" asks for. */
export interface StartForm {
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly workflowType: string;
  /** JSON text. */
  readonly input: string;
}

/** The badge beside the workflow's id. */
export type Badge = 'Running' | 'Completed' | 'Failed' | 'Canceled' | 'Terminated';

/**
 * The Temporal UI as a person uses it: by what stands on labels, buttons and tabs. Tried with UI 2.42.
 * Steps come in halves (fill, submit) so that a picture can be taken between them.
 */
export interface TemporalUi {
  readonly page: Page;
  fillStartForm(form: StartForm): Promise<void>;
  /** Resolves on the page of the workflow that was started. */
  submitStartForm(): Promise<void>;
  openWorkflow(workflowId: string): Promise<void>;
  openTab(name: string): Promise<void>;
  /** Of the workflow whose page is open. */
  badge(badge: Badge): Locator;
  /** Opens the form with the menu of signals; resolves to the form. */
  openSignals(): Promise<Locator>;
  /** @param input  JSON text; nothing: none */
  fillSignal(name: string, input?: string): Promise<void>;
  submitSignal(): Promise<void>;
  /** Opens the question that the button "Request Cancellation" asks. */
  askToCancel(): Promise<Locator>;
  confirmCancel(): Promise<void>;
  /** Text of the current details as they are now. */
  currentDetails(): Promise<string>;
}

const typeInto = async (editor: Locator, text: string): Promise<void> => {
  await editor.fill(text);
  // The editor formats what was typed when it is left, and everything below moves.
  await editor.blur();
};

export function temporalUi(page: Page, url: string): TemporalUi {
  const base = `${url}/namespaces/default`;
  const main = page.getByRole('main');
  const dialog = page.getByRole('dialog');
  const fill = async ({ workflowId, taskQueue, workflowType, input }: StartForm): Promise<void> => {
    await page.goto(`${base}/workflows/start-workflow`);
    await main.getByLabel('Workflow ID').fill(workflowId);
    await main.getByLabel('Task Queue').fill(taskQueue);
    await main.getByLabel('Workflow Type').fill(workflowType);
    await typeInto(main.locator('.cm-content'), input);
  };
  const openTab = async (name: string): Promise<void> => {
    await page.getByRole('tab', { name }).click();
    await page.getByRole('tab', { name, selected: true }).waitFor();
  };
  return {
    page,
    fillStartForm: (form) =>
      // The form looks for workers once, when the name of the task queue was typed: a worker may have come since.
      eventually('the form sees a worker', async () => {
        await fill(form);
        await main.getByText('Task Queue is Active').waitFor({ timeout: 3_000 });
        return true;
      }).then(() => undefined),
    submitStartForm: async () => {
      await main.getByRole('button', { name: 'Start Workflow', exact: true }).click();
      await page.getByRole('link', { name: 'Workflow started successfully' }).click();
      await page.getByRole('tablist', { name: 'workflow detail' }).waitFor();
    },
    openWorkflow: async (workflowId) => {
      await page.goto(`${base}/workflows/${encodeURIComponent(workflowId)}`);
      await page.getByRole('tablist', { name: 'workflow detail' }).waitFor();
    },
    openTab,
    badge: (badge) => main.locator('header').getByText(badge, { exact: true }).first(),
    openSignals: async () => {
      await page.getByRole('button', { name: 'More Actions' }).click();
      await page.getByRole('menuitem', { name: 'Send a Signal' }).click();
      await dialog.getByRole('button', { name: 'Select a signal' }).click();
      return dialog;
    },
    fillSignal: async (name, input) => {
      await dialog.getByText(name, { exact: true }).first().click();
      if (input !== undefined) await typeInto(dialog.locator('.cm-content'), input);
    },
    submitSignal: async () => {
      await dialog.getByRole('button', { name: 'Submit' }).click();
      await page.getByText('Workflow signaled.').waitFor();
    },
    askToCancel: async () => {
      await page.getByRole('button', { name: 'Request Cancellation' }).click();
      await dialog.waitFor();
      return dialog;
    },
    confirmCancel: async () => {
      await dialog.getByRole('button', { name: 'Confirm' }).click();
      await page.getByText('Workflow canceled.').waitFor();
    },
    currentDetails: async () => {
      await openTab('User Metadata');
      await page.reload();
      return page.frameLocator('iframe').locator('body').innerText();
    },
  };
}
