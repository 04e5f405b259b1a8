/// <reference lib="dom" />
/**
 * Tries the page at `/docs` in a real browser, against a server of its own: loads it, authorises, creates and lists
 * channels, and causes an error. `CHROMIUM` names another browser than Debian's. Screenshots go to `SCREENSHOTS`, or to
 * a new folder.
 */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { startStandaloneServer } from '../support/standalone-server.ts';
import { callFromAnotherOrigin } from './from-another-origin.ts';

const screenshotFolder = process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'docs-screenshots-'));
const operationBlock = (page: Page, operation: string) => page.locator(`.opblock[id$="-${operation}"]`);

const screenshot = async (page: Page, name: string, operation?: string) => {
  const path = join(screenshotFolder, `${name}.png`);
  await (operation ? operationBlock(page, operation) : page).screenshot({ path });
};

const open = (page: Page, operation: string) =>
  operationBlock(page, operation).locator('.opblock-summary-control').click();

/** Presses "Execute", and returns the status and the body that the page shows. */
const execute = async (page: Page, operation: string) => {
  await operationBlock(page, operation).locator('button.execute').click();
  const response = operationBlock(page, operation).locator('.live-responses-table tbody .response');
  await response.waitFor();
  return {
    status: (await response.locator('.response-col_status').innerText()).trim(),
    text: await response.locator('.response-col_description').innerText(),
    direction: await response
      .locator('.highlight-code code span')
      .first()
      .evaluate((element) => getComputedStyle(element).unicodeBidi),
  };
};

const tryEverything = async (page: Page, url: string, key: string) => {
  await page.goto(`${url}/docs`);
  await operationBlock(page, 'createChannel').waitFor();
  await screenshot(page, '1-loaded');

  await open(page, 'listChannels');
  const request = page.waitForRequest((each) => each.url().includes('/client-channel'));
  assert.equal((await execute(page, 'listChannels')).status, '401');
  assert.equal((await request).url(), `${url}/client-channel`, 'the page fills in no filter and no sort');

  await page.locator('.auth-wrapper > .authorize').click();
  await page.locator('.modal-ux input').first().fill(key);
  await page.locator('.modal-ux button.authorize').first().click();
  await page.locator('.modal-ux button.btn-done').first().click();

  await open(page, 'createChannel');
  await screenshot(page, '2-before-create', 'createChannel');
  const created = await execute(page, 'createChannel');
  await screenshot(page, '3-after-create', 'createChannel');
  assert.equal(created.status, '201');
  assert.match(created.text, /قناة التجزئة/);
  assert.equal(created.direction, 'plaintext');

  await operationBlock(page, 'listChannels').locator('button.btn-clear').click();
  const listed = await execute(page, 'listChannels');
  await screenshot(page, '4-list', 'listChannels');
  assert.deepEqual([listed.status, /"total": 1/.test(listed.text)], ['200', true]);

  await operationBlock(page, 'createChannel').locator('textarea').fill('{"name": " "}');
  await operationBlock(page, 'createChannel').locator('button.btn-clear').click();
  const refused = await execute(page, 'createChannel');
  await screenshot(page, '5-error', 'createChannel');
  assert.deepEqual([refused.status, /must not be blank/.test(refused.text)], ['400', true]);

  await operationBlock(page, 'createChannel').locator('textarea').fill('{"name": "قناة الجملة"}');
  await operationBlock(page, 'createChannel').locator('button.btn-clear').click();
  assert.equal((await execute(page, 'createChannel')).status, '201');
  const search = operationBlock(page, 'listChannels').locator('tr[data-param-name=search] input');
  await search.fill('جمله قناه');
  await operationBlock(page, 'listChannels').locator('button.btn-clear').click();
  const found = await execute(page, 'listChannels');
  await screenshot(page, '6-search', 'listChannels');
  assert.deepEqual([found.status, /"total": 1/.test(found.text)], ['200', true]);
  const direction = await search.evaluate((element) => getComputedStyle(element).direction);
  assert.equal(direction, 'rtl', 'Arabic input is written from right to left');
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
const { key, url, stop } = await startStandaloneServer();
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 1000 } });
  page.setDefaultTimeout(10_000);
  const errors: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('status of 40')) errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) origins.add(new URL(request.url()).origin);
  });
  await tryEverything(page, url, key);
  await callFromAnotherOrigin(browser, url, key);
  assert.deepEqual(errors, [], 'the page has no error and violates no policy');
  assert.deepEqual([...origins], [new URL(url).origin], 'the page calls no other host');
  console.log(
    `The page loads, authorises, creates, lists and shows an error. Screenshots: ${screenshotFolder}`,
  );
} finally {
  await browser.close();
  await stop();
}
