import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Stack } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { addStacks } from '../../infra/add-stacks.ts';
import { bundle, maxBundleBytes } from '../../infra/bundle.ts';
import { environments } from '../../infra/environments.ts';
import { type Operation, operations } from '../../lib/manifest/operations.ts';
import { streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { channelsTable } from '../../lib/manifest/tables.ts';
import {
  findFunction,
  type Resources,
  resourcesOfType,
  type Synthesis,
  statementsOf,
  synthesizeApp,
  synthesizeStacks,
} from './synthesis.ts';

const rows: readonly Operation[] = operations;
const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table';

describe.each(environments)('the stacks of $name', (environment) => {
  const { name, keepsData } = environment;
  let data: Resources;
  let api: Resources;
  let events: Resources;
  beforeAll(() => {
    ({ data, api, events } = synthesizeStacks(environment) satisfies Synthesis);
  });

  it.each(
    rows.map((row) => row.name),
  )('%s may do what its row says on its table, and no more', (operation) => {
    const {
      scope,
      actions,
      directory = [],
      indexes = [],
    } = rows.find((row) => row.name === operation) as Operation;
    const { properties } = findFunction(api, `client-channels-${name}-${operation}`);
    const statements = statementsOf(api, properties.Role).filter(({ actions: [first = ''] }) =>
      first.startsWith('dynamodb:'),
    );
    expect(statements).toEqual([
      ...(scope
        ? [{ actions: ['dynamodb:GetItem'], resources: [`${arn}/client-channels-access-keys-${name}`] }]
        : []),
      ...(actions.length ? [{ actions, resources: [`${arn}/client-channels-${name}`] }] : []),
      ...(directory.length
        ? [{ actions: directory, resources: [`${arn}/client-channels-directory-${name}`] }]
        : []),
      ...(indexes.length
        ? [
            {
              actions: ['dynamodb:Query'],
              resources: indexes.map((index) => `${arn}/client-channels-${name}/index/${index}`),
            },
          ]
        : []),
    ]);
    const roleId = properties.Role.replace('.Arn', '');
    expect(api[roleId]?.Properties).not.toHaveProperty('ManagedPolicyArns');
    expect(api[roleId]?.Properties).not.toHaveProperty('Policies');
  });

  it('allows nothing by wildcard, but what knows no resources', () => {
    const unscoped = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords', 'dynamodb:ListStreams'];
    const all = [api, events].flatMap((stack) =>
      resourcesOfType(stack, 'AWS::Lambda::Function').flatMap(([, fn]) => statementsOf(stack, fn.Role)),
    );
    expect(all.flatMap(({ actions }) => actions).filter((action) => action.includes('*'))).toEqual([]);
    const wild = all.filter(({ resources }) => resources.some((resource) => resource.includes('*')));
    for (const { actions } of wild) expect(unscoped).toEqual(expect.arrayContaining(actions));
  });

  it('has the routes of the operations, each to its own function, and no others', () => {
    const targets = Object.fromEntries(
      resourcesOfType(api, 'AWS::ApiGatewayV2::Route').map(([, { RouteKey, Target }]) => {
        const integration = api[Target.replace('integrations/', '')]?.Properties;
        expect(integration).toMatchObject({ IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0' });
        return [RouteKey, integration.IntegrationUri];
      }),
    );
    expect(targets).toEqual(
      Object.fromEntries(
        rows.flatMap(({ name: operation, methods, path }) =>
          methods.map((method) => [
            `${method} ${path}`,
            `${findFunction(api, `client-channels-${name}-${operation}`).id}.Arn`,
          ]),
        ),
      ),
    );
  });

  it.each(rows.map((row) => row.name))('%s runs as it was measured best, and is watched', (operation) => {
    const { id, properties } = findFunction(api, `client-channels-${name}-${operation}`);
    expect(properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 1024,
      Timeout: 10,
      TracingConfig: { Mode: 'Active' },
      Environment: {
        Variables: {
          ENVIRONMENT: name,
          CHANNELS_TABLE: `client-channels-${name}`,
          DIRECTORY_TABLE: `client-channels-directory-${name}`,
          ACCESS_KEYS_TABLE: `client-channels-access-keys-${name}`,
          LOG_REQUESTS: 'on',
        },
      },
    });
    expect('CURSOR_SECRET' in properties.Environment.Variables).toBe(operation === 'list-channels');
    expect(api[properties.LoggingConfig.LogGroup]?.Properties.RetentionInDays).toBe(
      environment.logRetentionDays,
    );
    const watched = resourcesOfType(api, 'AWS::CloudWatch::Alarm')
      .filter(([, alarm]) => alarm.Dimensions.some(({ Value }: { Value: string }) => Value === id))
      .map(([, alarm]) => [alarm.MetricName, alarm.AlarmActions]);
    const topic = [`arn:aws:sns:us-east-1:000000000000:client-channels-alarms-${name}`];
    expect(watched).toEqual([
      ['Errors', topic],
      ['Throttles', topic],
      ['Duration', topic],
    ]);
  });

  it('takes the slowest hundredth of few requests too, three times in a row before it rings', () => {
    const slow = resourcesOfType(api, 'AWS::CloudWatch::Alarm')
      .map(([, alarm]) => alarm)
      .filter(({ ExtendedStatistic }) => ExtendedStatistic === 'p99');
    expect(slow).toHaveLength(rows.length);
    for (const alarm of slow) {
      expect(alarm).toMatchObject({ EvaluationPeriods: 3, Threshold: environment.alarms.p99LatencyMs });
      expect(alarm.EvaluateLowSampleCountPercentile ?? 'evaluate').toBe('evaluate');
    }
  });

  it('rings where a table refuses reads or writes, or an index the reads of lists or any write; the dashboard shows them', () => {
    const topic = [`arn:aws:sns:us-east-1:000000000000:client-channels-alarms-${name}`];
    const ofTables = resourcesOfType(api, 'AWS::CloudWatch::Alarm')
      .map(([, alarm]) => alarm)
      .filter(({ Namespace }) => Namespace === 'AWS/DynamoDB');
    const watched = ofTables.map(({ MetricName, Dimensions, Statistic, Threshold, AlarmActions }) => {
      expect({ Statistic, Threshold, AlarmActions }).toEqual({
        Statistic: 'Sum',
        Threshold: 100,
        AlarmActions: topic,
      });
      const dimensions = Object.fromEntries(
        Dimensions.map(({ Name, Value }: { Name: string; Value: string }) => [Name, Value]),
      );
      return [MetricName, dimensions.TableName, dimensions.GlobalSecondaryIndexName];
    });
    const [channels, directory, accessKeys] = ['', 'directory-', 'access-keys-'].map(
      (table) => `client-channels-${table}${name}`,
    );
    expect(watched).toEqual([
      ['ReadThrottleEvents', channels, undefined],
      ['WriteThrottleEvents', channels, undefined],
      ['ReadThrottleEvents', directory, undefined],
      ['WriteThrottleEvents', directory, undefined],
      ...channelsTable.indexes
        .filter((index) => index.name !== 'byPending')
        .map((index) => ['ReadThrottleEvents', channels, index.name]),
      ...channelsTable.indexes.map((index) => ['WriteThrottleEvents', channels, index.name]),
      ['ReadThrottleEvents', accessKeys, undefined],
    ]);
    const [[, { DashboardBody }] = [undefined, { DashboardBody: '' }]] = resourcesOfType(
      api,
      'AWS::CloudWatch::Dashboard',
    );
    for (const [metric, table, index] of watched)
      expect(DashboardBody).toContain(
        `"${metric}","TableName","${table}"`.replace(
          '"TableName"',
          index ? `"GlobalSecondaryIndexName","${index}","TableName"` : '"TableName"',
        ),
      );
  });

  it('names for each alarm the heading under which it stands what to do', () => {
    const runbook = readFileSync('docs/operations.md', 'utf8');
    const alarms = [api, events].flatMap((stack) =>
      resourcesOfType(stack, 'AWS::CloudWatch::Alarm').map(([, alarm]) => alarm.AlarmDescription),
    );
    expect(alarms.length).toBeGreaterThan(0);
    for (const description of alarms) {
      const [, anchor] = /docs\/operations\.md#([a-z-]+)$/.exec(description) ?? [];
      expect(runbook).toContain(`\n### ${anchor}\n`);
    }
  });

  it('seals cursors with the secret of the data stack, which no template shows', () => {
    const { properties } = findFunction(api, `client-channels-${name}-list-channels`);
    const [[, secret] = []] = resourcesOfType(data, 'AWS::SecretsManager::Secret');
    expect(properties.Environment.Variables.CURSOR_SECRET).toBe(
      `{{resolve:secretsmanager:${secret.Name}:SecretString::AWSCURRENT:}}`,
    );
    expect(secret).not.toHaveProperty('SecretString');
  });

  it('answers the browsers of its allowed origins alone', () => {
    const [[, { CorsConfiguration: cors }] = [undefined, {}]] = resourcesOfType(
      api,
      'AWS::ApiGatewayV2::Api',
    );
    if (!environment.allowedOrigins.length) expect(cors).toBeUndefined();
    else
      expect(cors).toEqual({
        AllowOrigins: environment.allowedOrigins,
        AllowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        AllowHeaders: [
          'api-key',
          'authorization',
          'content-type',
          'x-company-namespace',
          'if-match',
          'if-none-match',
          'idempotency-key',
          'x-request-id',
        ],
        ExposeHeaders: [
          'ETag',
          'Location',
          'Link',
          'Retry-After',
          'x-request-id',
          'Idempotency-Replayed',
          'x-consumed-capacity',
        ],
        MaxAge: 3600,
      });
  });

  it('throttles, and logs every request', () => {
    const [[, stage] = []] = resourcesOfType(api, 'AWS::ApiGatewayV2::Stage');
    expect(stage.DefaultRouteSettings).toEqual({
      ThrottlingRateLimit: environment.throttling.requestsPerSecond,
      ThrottlingBurstLimit: environment.throttling.burst,
    });
    const { DestinationArn, Format } = stage.AccessLogSettings;
    expect(Object.keys(JSON.parse(Format))).toEqual(
      expect.arrayContaining(['request_id', 'route', 'status', 'latency_ms']),
    );
    expect(Format).not.toMatch(/header|querystring|authorizer/i);
    expect(api[DestinationArn.replace('.Arn', '')]?.Properties.RetentionInDays).toBe(
      environment.logRetentionDays,
    );
  });

  it('keeps what an environment with data must not lose, and recovers any second of it', () => {
    const tables = resourcesOfType(data, 'AWS::DynamoDB::Table');
    expect(tables).toHaveLength(3);
    for (const [id, table] of tables) {
      expect(table.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
      expect(table.DeletionProtectionEnabled ?? false).toBe(keepsData);
      expect(table.SSESpecification).toEqual({ SSEEnabled: true });
      expect(data[id]?.DeletionPolicy).toBe(keepsData ? 'Retain' : 'Delete');
    }
    const [[secret = ''] = []] = resourcesOfType(data, 'AWS::SecretsManager::Secret');
    expect(data[secret]?.DeletionPolicy).toBe(keepsData ? 'Retain' : 'Delete');
  });

  it('lets the alarms of its account ring, and asks every publisher for TLS', () => {
    const [[topic = ''] = []] = resourcesOfType(data, 'AWS::SNS::Topic');
    const statements = resourcesOfType(data, 'AWS::SNS::TopicPolicy').flatMap(
      ([, policy]) => policy.PolicyDocument.Statement,
    );
    expect(statements).toEqual([
      expect.objectContaining({
        Effect: 'Deny',
        Principal: '*',
        Resource: topic,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
      {
        Sid: 'AllowAlarmsOfThisAccount',
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Resource: topic,
        Condition: { StringEquals: { 'aws:SourceAccount': '000000000000' } },
      },
    ]);
  });

  it('holds no state in the stack that may be destroyed, and exports nothing that would hinder it', () => {
    const types = new Set(Object.values(api).map(({ Type }) => Type));
    for (const stateful of ['AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret', 'AWS::SNS::Topic'])
      expect(types).not.toContain(stateful);
  });
});

describe('two environments', () => {
  it('share no name, so that they can live in one account', () => {
    const namesIn = ({ data, api, events }: Synthesis) =>
      [data, api, events]
        .flatMap((resources) => Object.values(resources))
        .filter(({ Type }) => !Type.startsWith('AWS::Lambda::') || Type === 'AWS::Lambda::Function')
        .flatMap(({ Type, Properties: p }) =>
          [p.TableName, p.FunctionName, p.TopicName, p.AlarmName, p.DashboardName, p.QueueName, p.Name]
            .filter((name) => name !== undefined)
            .map((name) => `${Type} ${name}`),
        );
    const all = environments.flatMap((environment) => namesIn(synthesizeStacks(environment)));
    expect(all.length).toBeGreaterThan(0);
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
  });
});

describe("AWS's rules", () => {
  it('are asked at each synthesis: a topic that takes publishers without TLS fails it', () => {
    const [environment] = environments;
    if (!environment) throw new Error('There are environments');
    const careless = () =>
      synthesizeApp((app) => {
        addStacks(app, environment);
        new Topic(new Stack(app, 'careless'), 'Open');
      });
    expect(careless).toThrow(/does not require publishers to use SSL/);
  });
});

describe('the code of each function', () => {
  const handlers = [...rows, ...streamConsumers].map((row) => row.handler);
  it.each(handlers)('%s weighs no more than a cold start can bear', (handler) => {
    expect(bundle(handler).bytes).toBeLessThanOrEqual(maxBundleBytes);
  });
});
