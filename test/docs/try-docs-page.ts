/// <reference lib="dom" />
/**
 * The page at `/docs` in a real browser, against a server of its own: load, authorise, create, list, an
 * error. `CHROMIUM` names another browser than Debian's; screenshots go to `SCREENSHOTS`, by default a new folder.
 */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { startStandaloneServer } from '../support/standalone-server.ts';

const pictures = process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'docs-pictures-'));
const block = (page: Page, operation: string) => page.locator(`.opblock[id$="-${operation}"]`);

const picture = async (page: Page, name: string, operation?: string) => {
  const path = join(pictures, `${name}.png`);
  await (operation ? block(page, operation) : page).screenshot({ path });
};

const open = (page: Page, operation: string) =>
  block(page, operation).locator('.opblock-summary-control').click();

/** Presses "Execute", and reads the status and the body that the page shows. */
const execute = async (page: Page, operation: string) => {
  await block(page, operation).locator('button.execute').click();
  const answer = block(page, operation).locator('.live-responses-table tbody .response');
  await answer.waitFor();
  return {
    status: (await answer.locator('.response-col_status').innerText()).trim(),
    text: await answer.locator('.response-col_description').innerText(),
    direction: await answer
      .locator('.highlight-code code span')
      .first()
      .evaluate((element) => getComputedStyle(element).unicodeBidi),
  };
};

const tryEverything = async (page: Page, url: string, key: string) => {
  await page.goto(`${url}/docs`);
  await block(page, 'createChannel').waitFor();
  await picture(page, '1-loaded');

  await open(page, 'listChannels');
  const asked = page.waitForRequest((request) => request.url().includes('/client-channel'));
  assert.equal((await execute(page, 'listChannels')).status, '401');
  assert.equal((await asked).url(), `${url}/client-channel`, 'no filter or order is filled in unasked');

  await page.locator('.auth-wrapper > .authorize').click();
  await page.locator('.modal-ux input').first().fill(key);
  await page.locator('.modal-ux button.authorize').first().click();
  await page.locator('.modal-ux button.btn-done').first().click();

  await open(page, 'createChannel');
  await picture(page, '2-before-create', 'createChannel');
  const created = await execute(page, 'createChannel');
  await picture(page, '3-after-create', 'createChannel');
  assert.equal(created.status, '201');
  assert.match(created.text, /قناة التجزئة/);
  assert.equal(created.direction, 'plaintext');

  await block(page, 'listChannels').locator('button.btn-clear').click();
  const listed = await execute(page, 'listChannels');
  await picture(page, '4-list', 'listChannels');
  assert.deepEqual([listed.status, /"total": 1/.test(listed.text)], ['200', true]);

  await block(page, 'createChannel').locator('textarea').fill('{"name": " "}');
  await block(page, 'createChannel').locator('button.btn-clear').click();
  const refused = await execute(page, 'createChannel');
  await picture(page, '5-error', 'createChannel');
  assert.deepEqual([refused.status, /must not be blank/.test(refused.text)], ['400', true]);

  await block(page, 'createChannel').locator('textarea').fill('{"name": "قناة الجملة"}');
  await block(page, 'createChannel').locator('button.btn-clear').click();
  assert.equal((await execute(page, 'createChannel')).status, '201');
  const search = block(page, 'listChannels').locator('tr[data-param-name=search] input');
  await search.fill('جمله قناه');
  await block(page, 'listChannels').locator('button.btn-clear').click();
  const found = await execute(page, 'listChannels');
  await picture(page, '6-search', 'listChannels');
  assert.deepEqual([found.status, /"total": 1/.test(found.text)], ['200', true]);
  const direction = await search.evaluate((element) => getComputedStyle(element).direction);
  assert.equal(direction, 'rtl', 'what is typed in Arabic reads from the right');
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
  const complaints: string[] = [];
  const asked = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('status of 40'))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) asked.add(new URL(request.url()).origin);
  });
  await tryEverything(page, url, key);
  assert.deepEqual(complaints, [], 'the page runs within its policy, and without errors');
  assert.deepEqual([...asked], [new URL(url).origin], 'the page asks no other host');
  console.log(`The page loads, authorises, creates, lists and shows an error. Screenshots: ${pictures}`);
} finally {
  await browser.close();
  await stop();
}
