/** @jest-environment ./test/support/one-realm-environment.ts */
import { afterEach, expect, jest, test } from '@jest/globals';
import { operations } from '../../lib/manifest/operations.ts';
import { describeApi } from '../../lib/openapi/api-description.ts';
import { type ExampleExchange, errorExamples, examples } from '../../lib/openapi/example-exchanges.ts';
import { describedParameters } from '../../lib/openapi/list-parameters.ts';
import { eventually } from '../support/eventually.ts';
import { createFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { anId } from '../support/matchers.ts';
import { useService } from '../support/use-service.ts';

// Each example in the API description is sent to the service, which must return what the description shows.

const proxy = createFaultProxy();
const service = useService({
  proxy,
  namespaces: ['company1'],
  keyName: 'SAP connector',
  consumers: ['publish-events'],
});

afterEach(() => {
  proxy.fault = () => 'none';
  jest.restoreAllMocks();
});

/** The channel that the examples read, change and delete. */
const retail = examples.find(({ name }) => name === 'retail')?.body;

/** Replaces ids and times by their format. */
const comparable = (response: object) =>
  JSON.parse(JSON.stringify(response), (name, value) => {
    if (name === '_id') return anId;
    if (name === 'key_id' || name === 'actor') return expect.stringMatching(/^[0-9a-f]{16}$/);
    if (['createdAt', 'updatedAt', 'changed_at', 'at'].includes(name)) return expect.stringMatching(/Z$/);
    if (name === 'next_cursor') return expect.any(String);
    return name === 'request_id' ? expect.any(String) : value;
  });

const deleteAllChannels = async () => {
  const { body } = await service.call('GET /client-channel?per_page=100');
  for (const { _id } of body.data) await service.call(`DELETE /client-channel/${_id}`);
};

const createRetail = async (): Promise<string> =>
  (await service.call('POST /client-channel', { body: retail })).body.data._id;

const requests = examples.flatMap((example) => {
  const operation = operations.find(({ name }) => name === example.operation);
  const methods = example.method ? [example.method] : (operation?.methods ?? []);
  return methods.map((method) => ({ method, path: operation?.path as string, example }));
});

const pathOf = ({ query, id: exampleId }: ExampleExchange, path: string, id: string) =>
  path.replace('{id}', exampleId ?? id) + (query === undefined ? '' : `?${query}`);

test.each(requests)('$method $path returns the example "$example.name"', async ({
  method,
  path,
  example,
}) => {
  await deleteAllChannels();
  const id = await createRetail();
  const route = `${method} ${pathOf(example, path, id)}`;
  const { headers = {}, body, earlierBody, isDeleted } = example;
  if (isDeleted) await service.call(`DELETE /client-channel/${id}`);
  if (earlierBody) await service.call(route, { headers, body: earlierBody });

  // The history appears a moment after the change.
  await eventually(async () => {
    const reply = await service.call(route, { headers, body });
    expect([reply.status, reply.body]).toEqual([example.status, comparable(example.response)]);
  });
});

interface Described {
  responses: Record<string, { content: Record<string, { example?: object }> }>;
}

/** The operations whose description has an example for a status, but no request that causes it. */
const examplesOfStatus = (status: string) =>
  Object.entries(describeApi().paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Described>).flatMap(([method, { responses }]) => {
      const shown = responses[status]?.content['application/json']?.example;
      return shown ? [{ method: method.toUpperCase(), path, shown }] : [];
    }),
  );

const exception = (name: string) => ({ __type: `com.amazonaws.dynamodb.v20120810#${name}` });
const faults: Record<string, FaultProxy['fault']> = {
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

test.each(Object.keys(errorExamples))('every operation returns its example of %s', async (status) => {
  jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const id = await createRetail();
  const deletedId = await createRetail();
  await service.call(`DELETE /client-channel/${deletedId}`);
  // GET /me reads nothing but the key, so the key must not be cached.
  const freshKey = await service.newKey({ namespaces: ['company1'] });
  proxy.fault = faults[status] as FaultProxy['fault'];

  const comparisons = examplesOfStatus(status).map(async ({ method, path, shown }) => {
    const isRestore = path.endsWith('/restore');
    const route = `${method} ${path.replace('{id}', isRestore ? deletedId : id)}`;
    const body = path.endsWith('/upsert') ? { channels: [retail] } : { name: 'Wholesale' };
    const call = isRestore || ['GET', 'DELETE'].includes(method) ? {} : { body };
    const reply = await service.call(route, path === '/me' ? { key: freshKey } : call);
    expect([route, reply.status, reply.body]).toEqual([route, Number(status), comparable(shown)]);
  });

  expect(comparisons.length).toBeGreaterThan(0);
  await Promise.all(comparisons);
});

test('the public operations return their example for an unknown query parameter', async () => {
  const shown = examplesOfStatus('400');

  expect(shown.map(({ path }) => path)).toEqual(['/openapi.json', '/docs']);
  for (const { method, path, shown: example } of shown) {
    const { status, body } = await service.call(`${method} ${path}?pretty=true`);
    expect([status, body]).toEqual([400, comparable(example)]);
  }
});

test('every operation returns its example for headers that are too large', async () => {
  const shown = examplesOfStatus('431');
  const headers = { 'x-request-id': 'x'.repeat(10_240) };

  expect(shown.length).toBeGreaterThan(0);
  for (const { method, path, shown: example } of shown) {
    const { status, body } = await service.call(`${method} ${path}`, { headers });
    expect([status, body]).toEqual([431, example]);
  }
});

/** The query string that OpenAPI prescribes for the example of a parameter. */
const queryOf = ({ name, example }: (typeof describedParameters)[number]): string =>
  [example]
    .flat()
    .map((text) => `${encodeURIComponent(name)}=${encodeURIComponent(String(text))}`)
    .join('&');

const parametersWithExample = describedParameters.filter(({ example }) => example !== undefined);

test.each(
  parametersWithExample,
)('the example of the query parameter $name is accepted', async (parameter) => {
  expect(await service.call(`GET /client-channel?${queryOf(parameter)}`)).toMatchObject({ status: 200 });
});
