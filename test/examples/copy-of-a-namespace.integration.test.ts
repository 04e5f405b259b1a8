import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Channel } from '../../client/index.ts';
import type { Row } from '../../examples/copy-of-a-namespace/copy.ts';
import { CopyStack } from '../../examples/copy-of-a-namespace/copy-stack.ts';
import { WebhookStack } from '../../examples/copy-of-a-namespace/webhook-stack.ts';
import { createTables } from '../../local/create-tables.ts';
import { sdkEnvironment } from '../../local/environment.ts';
import { resourcesOfType, synthesizeApp } from '../infra/synthesis.ts';
import { eventually } from '../support/eventually.ts';
import { keysCommand, record, run, start, useLocalServers } from '../support/local-server.ts';
import { send } from '../support/service.ts';

useLocalServers();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'copy-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const startServer = async () => {
  const server = start(['--in-memory']);
  const { url } = await server.ready();
  const scopes = ['--scope', 'read', '--scope', 'write'];
  const [key = ''] = (
    await keysCommand('create', '--namespace', 'company1', '--namespace', 'other', ...scopes)
  ).lines;
  const request = async (route: string, body?: object, namespace = 'company1') => {
    const headers = { 'x-company-namespace': namespace };
    const response = await send(url, route, { key, headers, ...(body && { body }) });
    expect(response.status).toBeLessThan(300);
    return response.body.data;
  };
  const stop = async () => {
    server.ctrlC();
    expect(await server.ended).toMatchObject({ code: 0 });
  };
  return {
    url,
    key,
    stop,
    list: () => request('GET /client-channel'),
    create: (name: string) => request('POST /client-channel', { name }),
    update: ({ _id }: Channel, body: object, namespace?: string) =>
      request(`PUT /client-channel/${_id}`, body, namespace),
    remove: ({ _id }: Channel) => request(`DELETE /client-channel/${_id}`),
  };
};

const sorted = (channels: Channel[]) => channels.sort((one, other) => (one._id < other._id ? -1 : 1));

describe('the example on one machine', () => {
  const copy = () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
    const rows: Row[] = files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
    return sorted(rows.flatMap(({ channel }) => channel ?? []));
  };

  it('copies the channels that existed before, follows every later change, and keeps the copy when all events come again', async () => {
    const { url, key, stop, list, create, update, remove } = await startServer();
    const before = await Promise.all(['a', 'b', 'c', 'old'].map(create));
    await update(before[3], { name: 'new' });
    const follow = async () => {
      const environment = { URL: url, KEY: key, COPY_FOLDER: folder };
      const example = run('examples/copy-of-a-namespace/follow-locally.ts', [], environment);
      await example.line('following company1');
      return example;
    };
    const example = await follow();
    expect(copy()).toEqual(await list());
    await create('d');
    await update(before[0], { name: 'renamed', integration_meta: { n: 1e300 } });
    await update(before[1], { company_namespace: ['other'] });
    await update(before[1], { company_namespace: ['other', 'company1'] }, 'other');
    await remove(before[2]);

    await eventually(async () => expect(copy()).toEqual(await list()));
    await example.line(`deleted ${before[2]._id} at version 1`);

    example.child.kill();
    await example.ended;
    const again = await follow();
    const { _id } = await create('e');
    await again.line(`put ${_id} at version 0`);
    expect(again.lines.slice(1)).toEqual([`put ${_id} at version 0`]);
    expect(copy()).toEqual(await list());
    await stop();
  });
});

describe('the deployed example', () => {
  const table = 'copy-of-company1';

  it('copies the channels that existed before, and applies events that come repeatedly and in reverse order', async () => {
    const { url, key, stop, list, create, update, remove } = await startServer();
    const before = await Promise.all(['a', 'b', 'c'].map(create));
    await update(before[0], { name: 'renamed', integration_meta: { n: 1e300 } });
    const environment = {
      ...sdkEnvironment,
      AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${record().dynamoDbPort}`,
      COPY_TABLE: table,
    };
    Object.assign(process.env, environment);
    const client = DynamoDBDocumentClient.from(new DynamoDBClient());
    const copy = async () => {
      const { Items = [] } = await client.send(new ScanCommand({ TableName: table }));
      return sorted(Items.flatMap(({ channel }) => (channel ? JSON.parse(channel) : [])));
    };
    await createTables(new DynamoDBClient(), {
      [table]: { partitionKey: 'namespace', sortKey: 'id', stream: false },
    });
    const backfill = run('examples/copy-of-a-namespace/backfill.ts', [], {
      ...environment,
      URL: url,
      KEY: key,
      NAMESPACE: 'company1',
    });
    expect(await backfill.ended).toEqual({ code: 0, errors: [] });
    expect(await copy()).toEqual(await list());

    await update(before[1], { company_namespace: ['other'] });
    await update(before[1], { company_namespace: ['other', 'company1'] }, 'other');
    await remove(before[2]);
    const { handler } = await import('../../examples/copy-of-a-namespace/copy-consumer.ts');
    await eventually(async () => {
      const events = (await send(url, 'GET /_local/events')).body.data;
      const ofNamespace = events.filter(({ detail }: { detail: Row }) => detail.namespace === 'company1');
      expect(ofNamespace).toHaveLength(7);
      for (const event of [...ofNamespace.toReversed(), ...ofNamespace]) await handler(event);
    });
    expect(await copy()).toEqual(await list());
    await stop();
  });
});

it('says in one sentence that the key or the URL is wrong', async () => {
  const { url, stop } = await startServer();
  const errorsOf = async (file: string, URL: string) => {
    const environment = { ...sdkEnvironment, COPY_TABLE: 'none', URL, KEY: 'wrong' };
    return run(`examples/copy-of-a-namespace/${file}.ts`, [], environment).ended;
  };
  for (const file of ['follow-locally', 'backfill']) {
    const wrongKey = await errorsOf(file, url);
    const wrongUrl = await errorsOf(file, 'http://127.0.0.1:1');
    expect([wrongKey, wrongUrl]).toEqual([
      { code: 1, errors: [expect.stringMatching(/^A valid API key is needed/)] },
      { code: 1, errors: [expect.stringMatching(/^There is no response from http:\/\/127\.0\.0\.1:1 /)] },
    ]);
  }
  await stop();
});

describe('the example stacks', () => {
  const eventBusName = 'client-channels-dev';
  const pattern = { source: ['client-channels'], detail: { namespace: ['acme'] } };

  it('deliver the events of one namespace to the consumer, which may only put items', () => {
    const resources = synthesizeApp((app) => new CopyStack(app, 'copy', { eventBusName, namespace: 'acme' }))(
      'copy',
    );
    const [[, rule] = []] = resourcesOfType(resources, 'AWS::Events::Rule');
    const [[consumer] = []] = resourcesOfType(resources, 'AWS::Lambda::Function');
    const [[queue] = []] = resourcesOfType(resources, 'AWS::SQS::Queue');
    expect(rule).toMatchObject({
      EventBusName: eventBusName,
      EventPattern: pattern,
      Targets: [{ Arn: `${consumer}.Arn`, DeadLetterConfig: { Arn: `${queue}.Arn` } }],
    });
    const actions = resourcesOfType(resources, 'AWS::IAM::Policy').flatMap(([, policy]) =>
      policy.PolicyDocument.Statement.map(({ Action }: { Action: string }) => Action),
    );
    expect(actions).toEqual(['dynamodb:PutItem']);
  });

  it('post the events to a webhook, with the id of each as the idempotency key', () => {
    const props = { eventBusName, namespace: 'acme', url: 'https://example.com/hook', secret: 'hook-key' };
    const resources = synthesizeApp((app) => new WebhookStack(app, 'webhook', props))('webhook');
    const [[destination, webhook] = []] = resourcesOfType(resources, 'AWS::Events::ApiDestination');
    const [[queue] = []] = resourcesOfType(resources, 'AWS::SQS::Queue');
    const [[, rule] = []] = resourcesOfType(resources, 'AWS::Events::Rule');
    expect(webhook).toMatchObject({ InvocationEndpoint: props.url, HttpMethod: 'POST' });
    expect(rule).toMatchObject({
      EventBusName: eventBusName,
      EventPattern: pattern,
      Targets: [
        {
          Arn: `${destination}.Arn`,
          DeadLetterConfig: { Arn: `${queue}.Arn` },
          HttpParameters: { HeaderParameters: { 'Idempotency-Key': '$.detail.id' } },
        },
      ],
    });
  });
});
