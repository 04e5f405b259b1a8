/** @jest-environment ./test/support/one-realm-environment.ts */
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { describeApi } from '../../lib/openapi/api-description.ts';
import { type ExampleExchange, examples, errorExamples } from '../../lib/openapi/example-exchanges.ts';
import { describedParameters } from '../../lib/openapi/list-parameters.ts';
import { operations } from '../../lib/manifest/operations.ts';
import { type FaultyLine, startFaultyLine } from '../support/fault-proxy.ts';
import { type Service, startService } from '../support/service.ts';

let line: FaultyLine;
let service: Service;

beforeAll(async () => {
  service = await startService(async (engine) => {
    line = await startFaultyLine(engine);
    return line.endpoint;
  });
});
afterAll(async () => {
  await service.stop();
  line.close();
});
afterEach(() => {
  line.fault = () => 'none';
  jest.restoreAllMocks();
});

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

const target = ({ query, id: named }: ExampleExchange, path: string, id: string) =>
  path.replace('{id}', named ?? id) + (query === undefined ? '' : `?${query}`);

test.each(requests)('$method $path: $example.name', async ({ method, path, example }) => {
  const key = await service.newKey({ namespaces: ['company1'] });
  await emptied(key);
  const { body } = await service.call('POST /client-channel', { key, body: retail });
  const route = `${method} ${target(example, path, body.data._id)}`;
  const headers = { 'api-key': key, ...example.headers };
  if (example.earlierBody) await service.call(route, { headers, body: example.earlierBody });
  const reply = await service.call(route, { headers, body: example.body });
  expect([reply.status, reply.body]).toEqual([example.status, timeless(example.response)]);
});

/** The answers of a status that the document shows where nothing that is sent makes a difference. */
const answersShown = (status: string) =>
  Object.entries(describeApi().paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Described>).flatMap(([method, { responses }]) => {
      const shown = responses[status]?.content['application/json']?.example;
      return shown ? [{ method: method.toUpperCase(), path, shown }] : [];
    }),
  );
interface Described {
  responses: Record<string, { content: Record<string, { example?: object }> }>;
}

const exception = (name: string) => ({ __type: `com.amazonaws.dynamodb.v20120810#${name}` });
const faults: Record<string, FaultyLine['fault']> = {
  409: (operation) =>
    operation === 'TransactWriteItems'
      ? {
          ...exception('TransactionCanceledException'),
          CancellationReasons: [{ Code: 'TransactionConflict' }],
        }
      : 'none',
  429: () => exception('ProvisionedThroughputExceededException'),
  500: () => exception('ResourceNotFoundException'),
  503: () => 'reset',
};

test.each(Object.keys(errorExamples))('the misfortune of %s, wherever it is shown', async (status) => {
  jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const key = await service.newKey({ namespaces: ['company1'] });
  const { body } = await service.call('POST /client-channel', { key, body: retail });
  line.fault = faults[status] as FaultyLine['fault'];
  const answered = answersShown(status).map(async ({ method, path, shown }) => {
    const route = `${method} ${path.replace('{id}', body.data._id)}`;
    const sent = ['GET', 'DELETE'].includes(method) ? {} : { body: { name: 'Wholesale' } };
    const reply = await service.call(route, { key, ...sent });
    expect([route, reply.status, reply.body]).toEqual([route, Number(status), timeless(shown)]);
  });
  expect(answered.length).toBeGreaterThan(0);
  await Promise.all(answered);
});

test('the answer to a query parameter of what is public, wherever it is shown', async () => {
  const shown = answersShown('400');
  expect(shown.map(({ path }) => path)).toEqual(['/openapi.json', '/docs']);
  for (const { method, path, shown: body } of shown)
    expect(await service.call(`${method} ${path}?pretty=true`)).toMatchObject({
      status: 400,
      body: timeless(body),
    });
});

test('the gateway’s answer to headers that are too large, wherever it is shown', async () => {
  const shown = answersShown('431');
  expect(shown.length).toBeGreaterThan(0);
  const headers = { 'x-request-id': 'x'.repeat(10_240) };
  for (const { method, path, shown: body } of shown)
    expect(await service.call(`${method} ${path}`, { headers })).toMatchObject({ status: 431, body });
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
