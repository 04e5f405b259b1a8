/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Browser } from 'playwright-core';

/** Calls the API from a page of another origin, as a web console under development does, and reads the headers that it needs. */
export const callFromAnotherOrigin = async (browser: Browser, url: string, key: string): Promise<void> => {
  // Chromium lets only a page that really comes from this machine call a server on this machine.
  const console = createServer((_request, response) => response.end('A console')).listen(5173, 'localhost');
  await once(console, 'listening');
  const page = await browser.newPage();
  await page.goto('http://localhost:5173/');
  const seen = await page.evaluate(
    async ([api, apiKey]) => {
      const headers = { 'api-key': apiKey, 'content-type': 'application/json', 'idempotency-key': 'console' };
      const body = '{"name": "From a console"}';
      const created = await fetch(`${api}/client-channel`, { method: 'POST', headers, body });
      const location = created.headers.get('location') as string;
      const read = await fetch(new URL(location, api), { headers: { 'api-key': apiKey } });
      return [created.status, read.status, read.headers.get('etag')];
    },
    [url, key] as const,
  );
  assert.deepEqual(seen, [201, 200, '"0"'], 'a console on another port can use the API');
  await page.close();
  console.close();
};
