/// <reference lib="dom" />
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';

const screenshotFolder = process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'docs-screenshots-'));

/** What a person does on the page `/docs`, and what they see there. */
export class DocsPage {
  readonly page: Page;
  /** Errors in the console, such as a violated policy. Responses with a status from 400 to 409 are none. */
  readonly errors: string[] = [];
  /** The origins of all requests. */
  readonly origins = new Set<string>();

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(10_000);
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('status of 40'))
        this.errors.push(message.text());
    });
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) this.origins.add(new URL(request.url()).origin);
    });
  }

  /** Goes to the root of the API, and waits until the page has loaded. */
  static async load(browser: Browser, root: string, width: number): Promise<DocsPage> {
    const docs = new DocsPage(await browser.newPage({ viewport: { width, height: 900 } }));
    await docs.page.goto(root);
    await docs.operation('createChannel').waitFor();
    return docs;
  }

  operation(name: string) {
    return this.page.locator(`.opblock[id$="-${name}"]`);
  }

  liveResponse(name: string) {
    return this.operation(name).locator('.live-responses-table tbody .response');
  }

  async screenshot(name: string, operation?: string): Promise<string> {
    const path = join(screenshotFolder, `${this.page.viewportSize()?.width}-${name}.png`);
    await (operation
      ? this.operation(operation).screenshot({ path })
      : this.page.screenshot({ path, fullPage: true }));
    return path;
  }

  async open(name: string): Promise<void> {
    await this.operation(name).locator('.opblock-summary-control').click();
    await this.operation(name).locator('button.execute').waitFor();
  }

  async authorize(key: string): Promise<void> {
    await this.page.locator('.auth-wrapper > .authorize').click();
    await this.page.locator('.modal-ux input').first().fill(key);
    await this.page.locator('.modal-ux button.authorize').first().click();
    await this.page.locator('.modal-ux button.btn-done').first().click();
  }

  /** Fills in the body of an operation. */
  async write(name: string, body: object): Promise<void> {
    await this.operation(name).locator('textarea').fill(JSON.stringify(body));
  }

  /** Presses "Execute", and returns the status and the response that the page shows. */
  async execute(name: string): Promise<{ status: string; text: string }> {
    const clear = this.operation(name).locator('button.btn-clear');
    if (await clear.count()) await clear.click();
    await this.operation(name).locator('button.execute').click();
    const response = this.liveResponse(name);
    await response.waitFor();
    return {
      status: (await response.locator('.response-col_status').innerText()).trim(),
      text: await response.locator('.response-col_description').innerText(),
    };
  }

  /** The pixels by which the page, or something in an operation, is wider than the screen. */
  async overflow(): Promise<number> {
    return this.page.evaluate(() => {
      const { clientWidth, scrollWidth } = document.documentElement;
      const edges = [...document.querySelectorAll('.opblock *')].map(
        (element) => element.getBoundingClientRect().right,
      );
      return Math.ceil(Math.max(scrollWidth, ...edges) - clientWidth);
    });
  }

  /** The Arabic words in the JSON of a response, and those of them that are on more than one line. */
  async arabicWords(name: string): Promise<{ lines: number; words: string[]; broken: string[] }> {
    return this.liveResponse(name)
      .locator('.highlight-code code')
      .evaluate((json) => {
        const words: string[] = [];
        const broken: string[] = [];
        const lines = new Set<number>();
        const texts = document.createTreeWalker(json, NodeFilter.SHOW_TEXT);
        for (let node = texts.nextNode(); node; node = texts.nextNode())
          for (const { 0: word, index } of (node.textContent ?? '').matchAll(/[\u0600-\u06ff]+/g)) {
            const range = document.createRange();
            range.setStart(node, index);
            range.setEnd(node, index + word.length);
            const own = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
            words.push(word);
            if (own.size > 1) broken.push(word);
            for (const line of own) lines.add(line);
          }
        return { lines: lines.size, words, broken };
      });
  }
}
