import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describedParameters } from '../../lib/lists/parameters/described.ts';
import { type Example, examples } from '../../lib/openapi/examples.ts';
import { operations } from '../../lib/operations.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

/** The channel that examples read, change and delete, and a namespace that holds no other. */
const retail = examples.find(({ name }) => name === 'retail')?.body;

const requests = examples.flatMap((example) => {
  const operation = operations.find(({ name }) => name === example.operation);
  return (operation?.methods ?? []).map((method) => ({ method, path: operation?.path as string, example }));
});

/** Ids, times and names of requests are of the day: only their form can be compared. */
const timeless = (answer: object) =>
  JSON.parse(JSON.stringify(answer), (name, value) => {
    if (name === '_id') return expect.stringMatching(/^[0-9a-f]{24}$/);
    if (name === 'createdAt' || name === 'updatedAt') return expect.stringMatching(/Z$/);
    return name === 'request_id' ? expect.any(String) : value;
  });

const emptied = async (key: string) => {
  const { body } = await service.call('GET /client-channel?per_page=100', { key });
  for (const { _id } of body.data) await service.call(`DELETE /client-channel/${_id}`, { key });
};

const target = ({ query, id: named }: Example, path: string, id: string) =>
  path.replace('{id}', named ?? id) + (query === undefined ? '' : `?${query}`);

test.each(requests)('$method $path: $example.name', async ({ method, path, example }) => {
  const key = await service.newKey({ namespaces: ['company1'] });
  await emptied(key);
  const { body } = await service.call('POST /client-channel', { key, body: retail });
  const reply = await service.call(`${method} ${target(example, path, body.data._id)}`, {
    headers: { 'api-key': key, ...example.headers },
    body: example.body,
  });
  expect([reply.status, reply.body]).toEqual([example.status, timeless(example.answer)]);
});

const written = ({ name, example, style, content }: (typeof describedParameters)[number]): string => {
  const value = content ? content['application/json']?.example : example;
  const pair = (key: string, text: unknown) =>
    `${encodeURIComponent(key)}=${encodeURIComponent(String(text))}`;
  if (content) return pair(name, JSON.stringify(value));
  if (style === 'deepObject')
    return Object.entries(value as object)
      .map(([key, text]) => pair(`${name}[${key}]`, text))
      .join('&');
  return [value]
    .flat()
    .map((text) => pair(name, text))
    .join('&');
};

const shown = describedParameters.filter(({ example, content }) => example !== undefined || content);

test.each(shown)('the example of the query parameter $name', async (parameter) => {
  const key = await service.newKey({ namespaces: ['company1'] });
  expect(await service.call(`GET /client-channel?${written(parameter)}`, { key })).toMatchObject({
    status: 200,
  });
});
