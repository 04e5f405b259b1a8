import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Stack } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { addStacks } from '../../infra/add-stacks.ts';
import { bundle, maxBundleBytes } from '../../infra/bundle.ts';
import { environments } from '../../infra/environments.ts';
import { type Operation, operations } from '../../lib/manifest/operations.ts';
import type { Permissions, TableName } from '../../lib/manifest/permission-types.ts';
import { schedules } from '../../lib/manifest/schedules.ts';
import { streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import { channelsTable } from '../../lib/manifest/tables.ts';
import {
  findFunction,
  grants,
  grantsOf,
  type Resources,
  resourcesOfType,
  type Synthesis,
  synthesizeApp,
  synthesizeStacks,
} from './synthesis.ts';

const rows: readonly Operation[] = operations;
const permissionsOf = (operation: string) =>
  rows.find((row) => row.name === operation)?.permissions as Permissions;
const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table';

describe.each(environments)('the stacks of $name', (environment) => {
  const { name, keepsData } = environment;
  const tableNames: Record<TableName, string> = {
    channels: `client-channels-${name}`,
    projections: `client-channels-projections-${name}`,
    history: `client-channels-history-${name}`,
    apiKeys: `client-channels-api-keys-${name}`,
  };
  let data: Resources;
  let api: Resources;
  let events: Resources;
  beforeAll(() => {
    ({ data, api, events } = synthesizeStacks(environment) satisfies Synthesis);
  });

  it.each(
    rows.map((row) => row.name),
  )('%s has the permissions of its manifest row on the tables, and no others', (operation) => {
    const { tables, indexes } = permissionsOf(operation);
    const { properties } = findFunction(api, `client-channels-${name}-${operation}`);
    const onTables = Object.entries(tables).flatMap(([table, actions]) =>
      grants(actions, [`${arn}/${tableNames[table as TableName]}`]),
    );
    const onIndexes = indexes
      ? grants(
          [indexes.action],
          indexes.names.map((index) => `${arn}/${tableNames.channels}/index/${index}`),
        )
      : [];
    expect(grantsOf(api, properties.Role).filter((grant) => grant.startsWith('dynamodb:'))).toEqual(
      [...onTables, ...onIndexes].sort(),
    );
    const roleId = properties.Role.replace('.Arn', '');
    expect(api[roleId]?.Properties).not.toHaveProperty('ManagedPolicyArns');
    expect(api[roleId]?.Properties).not.toHaveProperty('Policies');
  });

  it('grant no action by wildcard, and all resources only for actions that do not support resources', () => {
    const all = [api, events].flatMap((stack) =>
      resourcesOfType(stack, 'AWS::Lambda::Function').flatMap(([, fn]) => grantsOf(stack, fn.Role)),
    );
    const withWildcard = new Set(all.filter((grant) => grant.includes('*')));
    expect([...withWildcard].sort()).toEqual([
      'dynamodb:ListStreams *',
      'xray:PutTelemetryRecords *',
      'xray:PutTraceSegments *',
    ]);
  });

  it('have exactly the routes of the operations, each to its own function, and the root, which leads to the page', () => {
    const targets = Object.fromEntries(
      resourcesOfType(api, 'AWS::ApiGatewayV2::Route').map(([, { RouteKey, Target }]) => {
        const integration = api[Target.replace('integrations/', '')]?.Properties;
        expect(integration).toMatchObject({ IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0' });
        return [RouteKey, integration.IntegrationUri];
      }),
    );
    expect(targets).toEqual(
      Object.fromEntries(
        rows
          .flatMap(({ name: operation, methods, path }) =>
            methods.map((method) => [`${method} ${path}`, operation]),
          )
          .concat([['GET /', 'show-docs']])
          .map(([route, operation]) => [
            route,
            `${findFunction(api, `client-channels-${name}-${operation}`).id}.Arn`,
          ]),
      ),
    );
  });

  it.each(
    rows.map((row) => row.name),
  )('%s has the measured best settings, only the names of its tables, and alarms on errors, throttles and latency', (operation) => {
    const { id, properties } = findFunction(api, `client-channels-${name}-${operation}`);
    expect(properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 1024,
      Timeout: 10,
      TracingConfig: { Mode: 'Active' },
    });
    const { tables } = permissionsOf(operation);
    const { CURSOR_SECRET, ...variables } = properties.Environment.Variables;
    expect(CURSOR_SECRET !== undefined).toBe(
      ['list-channels', 'read-changes', 'read-history'].includes(operation),
    );
    expect(variables).toEqual({
      ENVIRONMENT: name,
      ...(tables.channels && { CHANNELS_TABLE: tableNames.channels }),
      ...(tables.projections && { PROJECTIONS_TABLE: tableNames.projections }),
      ...(tables.history && { HISTORY_TABLE: tableNames.history }),
      ...(tables.apiKeys && { API_KEYS_TABLE: tableNames.apiKeys }),
      LOG_REQUESTS: 'on',
      ...(environment.sourceMaps && { NODE_OPTIONS: '--enable-source-maps' }),
    });
    expect(api[properties.LoggingConfig.LogGroup]?.Properties.RetentionInDays).toBe(
      environment.logRetentionDays,
    );
    const alarms = resourcesOfType(api, 'AWS::CloudWatch::Alarm')
      .filter(([, alarm]) => alarm.Dimensions.some(({ Value }: { Value: string }) => Value === id))
      .map(([, alarm]) => [alarm.MetricName, alarm.AlarmActions]);
    const topic = [`arn:aws:sns:us-east-1:000000000000:client-channels-alarms-${name}`];
    expect(alarms).toEqual([
      ['Errors', topic],
      ['Throttles', topic],
      ['Duration', topic],
    ]);
  });

  it('raise a latency alarm after three slow periods in a row, also if there are few requests', () => {
    const latencyAlarms = resourcesOfType(api, 'AWS::CloudWatch::Alarm')
      .map(([, alarm]) => alarm)
      .filter(({ ExtendedStatistic }) => ExtendedStatistic === 'p99');
    expect(latencyAlarms).toHaveLength(rows.length);
    for (const alarm of latencyAlarms) {
      expect(alarm).toMatchObject({ EvaluationPeriods: 3, Threshold: environment.alarms.p99LatencyMs });
      expect(alarm.EvaluateLowSampleCountPercentile ?? 'evaluate').toBe('evaluate');
    }
  });

  it('have an alarm and a graph for throttled requests of each table and index', () => {
    const topic = [`arn:aws:sns:us-east-1:000000000000:client-channels-alarms-${name}`];
    const tableAlarms = resourcesOfType(api, 'AWS::CloudWatch::Alarm')
      .map(([, alarm]) => alarm)
      .filter(({ Namespace }) => Namespace === 'AWS/DynamoDB');
    const metrics = tableAlarms.map(({ MetricName, Dimensions, Statistic, Threshold, AlarmActions }) => {
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
    const { channels, projections, history, apiKeys } = tableNames;
    expect(metrics).toEqual([
      ['ReadThrottleEvents', channels, undefined],
      ['WriteThrottleEvents', channels, undefined],
      ['ReadThrottleEvents', projections, undefined],
      ['WriteThrottleEvents', projections, undefined],
      ['ReadThrottleEvents', history, undefined],
      ['WriteThrottleEvents', history, undefined],
      ...channelsTable.indexes
        .filter((index) => index.name !== 'byPending')
        .map((index) => ['ReadThrottleEvents', channels, index.name]),
      ...channelsTable.indexes.map((index) => ['WriteThrottleEvents', channels, index.name]),
      ['ReadThrottleEvents', apiKeys, undefined],
    ]);
    const [[, { DashboardBody }] = [undefined, { DashboardBody: '' }]] = resourcesOfType(
      api,
      'AWS::CloudWatch::Dashboard',
    );
    for (const [metric, table, index] of metrics)
      expect(DashboardBody).toContain(
        `"${metric}","TableName","${table}"`.replace(
          '"TableName"',
          index ? `"GlobalSecondaryIndexName","${index}","TableName"` : '"TableName"',
        ),
      );
  });

  it('refer in each alarm to a heading of the runbook', () => {
    const runbook = readFileSync('docs/operations.md', 'utf8');
    const descriptions = [api, events].flatMap((stack) =>
      resourcesOfType(stack, 'AWS::CloudWatch::Alarm').map(([, alarm]) => alarm.AlarmDescription),
    );
    expect(descriptions.length).toBeGreaterThan(0);
    for (const description of descriptions) {
      const [, anchor] = /docs\/operations\.md#([a-z-]+)$/.exec(description) ?? [];
      expect(runbook).toContain(`\n### ${anchor}\n`);
    }
  });

  it('encrypt cursors with the secret of the data stack, and no template contains its value', () => {
    const [[, secret] = []] = resourcesOfType(data, 'AWS::SecretsManager::Secret');
    for (const operation of ['list-channels', 'read-changes', 'read-history'])
      expect(
        findFunction(api, `client-channels-${name}-${operation}`).properties.Environment.Variables
          .CURSOR_SECRET,
      ).toBe(`{{resolve:secretsmanager:${secret.Name}:SecretString::AWSCURRENT:}}`);
    expect(secret).not.toHaveProperty('SecretString');
  });

  it('give the public address, if there is one, to the functions whose responses have links', () => {
    const publicUrl = 'https://api.example.com/channels';
    const named = synthesizeStacks({ ...environment, publicUrl }).api;
    const urls = rows.map((row) => {
      const { properties } = findFunction(named, `client-channels-${name}-${row.name}`);
      return [row.name, properties.Environment.Variables.PUBLIC_URL];
    });
    expect(urls.filter(([, url]) => url !== undefined)).toEqual([
      ['list-channels', publicUrl],
      ['create-channel', publicUrl],
    ]);
  });

  it('allow browsers only from the allowed origins', () => {
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

  it('limit the request rate, and log every request without headers and query strings', () => {
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

  it('protect tables and secret in an environment that keeps data, except against a first deployment that fails', () => {
    const policies = keepsData
      ? { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' }
      : { DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' };
    const tables = resourcesOfType(data, 'AWS::DynamoDB::GlobalTable');
    expect(tables).toHaveLength(Object.keys(tableNames).length);
    for (const [id, table] of tables) {
      expect(table.Replicas).toHaveLength(1);
      expect(table.Replicas[0].DeletionProtectionEnabled).toBe(keepsData);
      expect(table.SSESpecification).toEqual({ SSEEnabled: true, SSEType: 'KMS' });
      expect(data[id]).toMatchObject(policies);
    }
    const [[secret = ''] = []] = resourcesOfType(data, 'AWS::SecretsManager::Secret');
    expect(data[secret]).toMatchObject(policies);
  });

  it('can restore channels, history and API keys to any second, but not the projections, which are derived', () => {
    const recovery = resourcesOfType(data, 'AWS::DynamoDB::GlobalTable').map(
      ([, { TableName, Replicas }]) => [
        TableName,
        Replicas[0].PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled,
      ],
    );
    expect(Object.fromEntries(recovery)).toEqual({
      [tableNames.channels]: true,
      [tableNames.projections]: false,
      [tableNames.history]: true,
      [tableNames.apiKeys]: true,
    });
  });

  it('have tables of a type that can be changed later: no table is of the older type', () => {
    expect(resourcesOfType(data, 'AWS::DynamoDB::Table')).toEqual([]);
  });

  it('let alarms of the account publish to the topic, and require TLS from every publisher', () => {
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

  it('are deployed in this order: data, events, API, so that whoever can read the change log finds every change numbered', () => {
    const dependencies: Record<string, string[]> = {};
    synthesizeApp((app) => {
      const stacks = addStacks(app, environment);
      const nameOf = (stack: Stack) => Object.entries(stacks).find(([, each]) => each === stack)?.[0];
      for (const [stackName, stack] of Object.entries(stacks))
        dependencies[stackName] = stack.dependencies.map((each) => `${nameOf(each)}`).sort();
    });
    expect(dependencies).toEqual({ data: [], events: ['data'], api: ['data', 'events'] });
  });

  it('keep no tables, secrets or topics in the API stack, so that it can be destroyed', () => {
    const types = new Set(Object.values(api).map(({ Type }) => Type));
    for (const stateful of ['AWS::DynamoDB::GlobalTable', 'AWS::SecretsManager::Secret', 'AWS::SNS::Topic'])
      expect(types).not.toContain(stateful);
  });
});

describe('two environments', () => {
  it('have no resource name in common, so that they can share an account', () => {
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

describe('the rules of cdk-nag', () => {
  it('are checked at each synthesis: a topic that accepts publishers without TLS makes it fail', () => {
    const [environment] = environments;
    if (!environment) throw new Error('There is no environment.');
    const withOpenTopic = () =>
      synthesizeApp((app) => {
        addStacks(app, environment);
        new Topic(new Stack(app, 'open'), 'Open');
      });
    expect(withOpenTopic).toThrow(/does not require publishers to use SSL/);
  });
});

describe('the bundle of each function', () => {
  const handlers = [...rows, ...streamConsumers, ...schedules].map((row) => row.handler);
  it.each(handlers)('%s is not larger than the limit', (handler) => {
    expect(bundle(handler).bytes).toBeLessThanOrEqual(maxBundleBytes);
  });
});
