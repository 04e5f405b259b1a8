import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it, test } from '@jest/globals';
import { CopyStack } from '../../examples/copy-of-a-namespace/copy-stack.ts';
import { WebhookStack } from '../../examples/copy-of-a-namespace/webhook-stack.ts';
import { sdkEnvironment } from '../../local/environment.ts';
import { resourcesOfType, synthesizeApp } from '../infra/synthesis.ts';
import { eventually } from '../support/eventually.ts';
import { keysCommand, record, run, start, useLocalServers } from '../support/local-server.ts';
import { send } from '../support/service.ts';

useLocalServers();

test('on the local server, the example consumer copies the channels that existed before and follows every later change', async () => {
  const server = start(['--in-memory']);
  const { url } = await server.ready();
  const scopes = ['--scope', 'read', '--scope', 'write'];
  const [key = ''] = (
    await keysCommand('create', '--namespace', 'company1', '--namespace', 'other', ...scopes)
  ).lines;
  const request = async (route: string, body?: object) =>
    (await send(url, route, { key, ...(body && { body }) })).body.data;
  const create = (name: string) => request('POST /client-channel', { name });
  const update = ({ _id }: { _id: string }, body: object) => request(`PUT /client-channel/${_id}`, body);

  const before = await Promise.all(['a', 'b', 'c'].map(create));
  const example = run('examples/copy-of-a-namespace/follow-locally.ts');
  await example.line('following company1');
  await create('d');
  await update(before[0], { name: 'renamed', integration_meta: { n: 1e300 } });
  await update(before[1], { company_namespace: ['other'] });
  await update(before[1], { company_namespace: ['other', 'company1'] });
  await request(`DELETE /client-channel/${before[2]._id}`);

  Object.assign(process.env, sdkEnvironment);
  const endpoint = `http://127.0.0.1:${record().dynamoDbPort}`;
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ endpoint }));
  const copy = async () => {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: 'copy-of-company1' }));
    return Items.filter(({ channel }) => channel)
      .map(({ channel }) => JSON.parse(channel))
      .sort((one, other) => (one._id < other._id ? -1 : 1));
  };
  await eventually(async () => expect(await copy()).toEqual(await request('GET /client-channel')));
  await example.line(`deleted ${before[2]._id} at version 1`);
  server.ctrlC();
  expect(await server.ended).toMatchObject({ code: 0 });
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
