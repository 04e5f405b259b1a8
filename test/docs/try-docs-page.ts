/// <reference lib="dom" />
/**
 * Tries the page at `/docs` in a real browser, against a server of its own: on a wide and on a narrow screen, and behind a
 * path prefix. `CHROMIUM` names another browser than Debian's. Screenshots go to `SCREENSHOTS`, or to a new folder.
 */
import assert from 'node:assert/strict';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { startStandaloneServer } from '../support/standalone-server.ts';
import { DocsPage } from './docs-page.ts';
import { callFromAnotherOrigin } from './from-another-origin.ts';
import { startPrefixProxy } from './prefix-proxy.ts';

const topics = [
  'Get a key',
  'Pages',
  'Changes',
  'Errors',
  'Many channels at once',
  'History and restore',
  'Limits',
  'Metadata',
  'Events',
  'Client',
];
const arabicName = 'قناة التجزئة';
const longName = 'قناة التجزئة الكبرى للمستهلكين في المنطقة الشرقية والغربية والمحافظات الشمالية';

/** Checks the rules of WCAG 2.2, levels A and AA, that a program can check. */
const checkAccessibility = async ({ page }: DocsPage, state: string) => {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      // Swagger UI has a link inside the button that opens an operation. A style or a setting cannot change this.
      rules: { 'nested-interactive': { enabled: false } },
    });
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 150)).join('; ')}`,
    );
  });
  assert.deepEqual(violations, [], `the page is accessible ${state}`);
};

const tryWideScreen = async (docs: DocsPage, url: string, key: string) => {
  const { page } = docs;
  assert.equal(page.url(), `${url}/docs`, 'the root leads to the page');
  assert.equal(await page.title(), 'Client Channels API');
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  const headings = await page.locator('.info .description h2').allInnerTexts();
  assert.deepEqual(headings, topics, 'the introduction has each topic');
  const introduction = await page.locator('.info .description').innerText();
  assert.ok(
    introduction.includes(`URL=${url}\n`),
    'the calls can be pasted: they have the address of the page',
  );
  await docs.screenshot('1-loaded');
  await checkAccessibility(docs, 'before a request');

  await docs.open('listChannels');
  const fileFields = docs.operation('listChannels').locator('input[type=file]');
  assert.equal(await fileFields.count(), 0, 'each parameter can be typed');
  const request = page.waitForRequest((each) => each.url().includes('/client-channel'));
  assert.equal((await docs.execute('listChannels')).status, '401');
  assert.equal((await request).url(), `${url}/client-channel`, 'the page fills in no filter and no sort');

  await docs.authorize(key);
  await docs.open('createChannel');
  await docs.screenshot('2-before-create', 'createChannel');
  const created = await docs.execute('createChannel');
  await docs.screenshot('3-after-create', 'createChannel');
  assert.equal(created.status, '201');
  assert.match(created.text, new RegExp(arabicName));
  const text = docs.liveResponse('createChannel').locator('.highlight-code code > span').first();
  const isolation = await text.evaluate((element) => getComputedStyle(element).unicodeBidi);
  assert.equal(isolation, 'plaintext', 'each text in JSON has a direction of its own');

  const listed = await docs.execute('listChannels');
  await docs.screenshot('4-after-list', 'listChannels');
  assert.deepEqual([listed.status, /"total": 1/.test(listed.text)], ['200', true]);
  await checkAccessibility(docs, 'after requests');

  await docs.write('createChannel', { name: ' ' });
  const refused = await docs.execute('createChannel');
  await docs.screenshot('5-error', 'createChannel');
  assert.deepEqual([refused.status, /must not be blank/.test(refused.text)], ['400', true]);

  await docs.write('createChannel', { name: 'قناة الجملة' });
  assert.equal((await docs.execute('createChannel')).status, '201');
  const search = docs.operation('listChannels').locator('tr[data-param-name=search] input');
  await search.fill('جمله قناه');
  const found = await docs.execute('listChannels');
  await docs.screenshot('6-search', 'listChannels');
  assert.deepEqual([found.status, /"total": 1/.test(found.text)], ['200', true]);
  const direction = await search.evaluate((element) => getComputedStyle(element).direction);
  assert.equal(direction, 'rtl', 'Arabic input is written from right to left');
  await search.fill(arabicName);
  const foundByLocalName = await docs.execute('listChannels');
  assert.match(foundByLocalName.text, /"name": "Retail Channel"/, 'a channel is found by its Arabic name');
};

const tryKeyboard = async ({ page }: DocsPage) => {
  await page.keyboard.press('Tab');
  assert.equal(await page.locator(':focus').innerText(), 'Skip to operations');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('.opblock.is-open').waitFor();
};

const tryNarrowScreen = async (docs: DocsPage, key: string) => {
  await docs.screenshot('1-loaded');
  await docs.authorize(key);
  await docs.open('listChannels');
  await docs.screenshot('2-before-list', 'listChannels');
  assert.equal(await docs.overflow(), 0, 'nothing is wider than a narrow screen before a request');
  const headers = docs.operation('listChannels').locator('.responses-inner .headers-wrapper');
  assert.ok((await headers.count()) > 0, 'the headers of responses are described');
  assert.equal(await headers.filter({ visible: true }).count(), 0, 'headers are closed at first');
  await docs.operation('listChannels').locator('summary').first().click();
  assert.equal(
    await headers.filter({ visible: true }).count(),
    1,
    'the headers of one response can be opened',
  );
  assert.equal(await docs.overflow(), 0, 'open headers are not wider than a narrow screen');

  await docs.open('createChannel');
  await docs.write('createChannel', { name: longName, local_name: `Retail ${longName}` });
  await docs.execute('createChannel');
  await docs.screenshot('3-after-create', 'createChannel');
  await docs.execute('listChannels');
  await docs.screenshot('4-after-list', 'listChannels');
  assert.equal(await docs.overflow(), 0, 'nothing is wider than a narrow screen after a request');
  const { lines, words, broken } = await docs.arabicWords('createChannel');
  assert.ok(
    words.length === 2 * longName.split(' ').length && lines > 4,
    `the names are on several lines (${words.length} words on ${lines})`,
  );
  assert.deepEqual(broken, [], 'no Arabic word in JSON is broken');
  await checkAccessibility(docs, 'on a narrow screen');
};

const tryPrefix = async (docs: DocsPage, root: string) => {
  assert.equal(docs.page.url(), `${root}docs`, 'the root leads to the page behind a path prefix');
  await docs.open('listChannels');
  const request = docs.page.waitForRequest((each) => each.url().includes('/client-channel'));
  assert.equal((await docs.execute('listChannels')).status, '401');
  assert.equal((await request).url(), `${root}client-channel`, 'the page sends requests behind the prefix');
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
const proxy = await startPrefixProxy('/behind/a/prefix', url);

/** Tries a page that starts at the root of the API. The page must have no error, and call no other host. */
const tryPage = async (root: string, width: number, attempt: (docs: DocsPage) => Promise<void>) => {
  const docs = await DocsPage.load(browser, root, width);
  await attempt(docs);
  assert.deepEqual(docs.errors, [], 'the page has no error and violates no policy');
  assert.deepEqual([...docs.origins], [new URL(root).origin], 'the page calls no other host');
  await docs.page.close();
};

try {
  await tryPage(url, 1280, (docs) => tryWideScreen(docs, url, key));
  await tryPage(url, 1280, tryKeyboard);
  await tryPage(url, 390, (docs) => tryNarrowScreen(docs, key));
  await tryPage(proxy.root, 1280, (docs) => tryPrefix(docs, proxy.root));
  await callFromAnotherOrigin(browser, url, key);
  console.log(
    'The page introduces the API, authorises, creates, lists and shows errors, on wide and narrow screens.',
  );
} finally {
  await browser.close();
  proxy.stop();
  await stop();
}
