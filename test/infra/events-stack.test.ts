import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Environment, environments } from '../../infra/environments.ts';
import { schedules } from '../../lib/manifest/schedules.ts';
import { type StreamConsumer, streamConsumers } from '../../lib/manifest/stream-consumers.ts';
import {
  findFunction,
  grants,
  grantsOf,
  type Resources,
  resourcesOfType,
  synthesizeStacks,
} from './synthesis.ts';

const account = 'us-east-1:000000000000';

describe.each(environments)('the events stack of $name', (environment) => {
  const { name } = environment;
  const prefix = `client-channels-${name}`;
  /** CloudFormation reads it at each deployment, so that the consumers follow a stream with another ARN. */
  const stream = `stored parameter /client-channels/${name}/channels-stream`;
  let data: Resources;
  let api: Resources;
  let events: Resources;
  beforeAll(() => {
    ({ data, api, events } = synthesizeStacks(environment));
  });

  /** The dead-letter queue of a stream consumer; undefined if it has none. */
  const findDeadLetterQueue = (consumer: string) => {
    const queueName = `${prefix}-${consumer}-dead-letters`;
    const found = resourcesOfType(events, 'AWS::SQS::Queue').find(
      ([, queue]) => queue.QueueName === queueName,
    );
    return found && { id: found[0], properties: found[1] };
  };

  it('reads the ARN of the stream from a parameter that the data stack writes', () => {
    const [[, parameter] = []] = resourcesOfType(data, 'AWS::SSM::Parameter');
    const [[table] = []] = resourcesOfType(data, 'AWS::DynamoDB::GlobalTable').filter(
      ([, { TableName }]) => TableName === prefix,
    );
    expect(parameter).toMatchObject({
      Name: `/client-channels/${name}/channels-stream`,
      Value: `${table}.StreamArn`,
    });
  });

  it('has one event bus', () => {
    expect(resourcesOfType(events, 'AWS::Events::EventBus').map(([, bus]) => bus.Name)).toEqual([prefix]);
  });

  describe.each(streamConsumers)('$name', (consumer: StreamConsumer) => {
    it('has the event source mapping of its manifest row, and keeps dead letters encrypted for 14 days', () => {
      const { id } = findFunction(events, `${prefix}-${consumer.name}`);
      const deadLetters = findDeadLetterQueue(consumer.name);
      expect(deadLetters !== undefined).toBe(consumer.deadLetters);
      const [[, mapping] = []] = resourcesOfType(events, 'AWS::Lambda::EventSourceMapping').filter(
        ([, { FunctionName }]) => FunctionName === id,
      );
      const { mapping: row } = consumer;
      expect(mapping).toMatchObject({
        EventSourceArn: stream,
        StartingPosition: row.startingPosition,
        FilterCriteria: { Filters: row.filters.map((pattern) => ({ Pattern: JSON.stringify(pattern) })) },
        BatchSize: row.batchSize,
        MaximumBatchingWindowInSeconds: row.maximumBatchingWindow,
        BisectBatchOnFunctionError: row.bisectBatchOnError,
        MaximumRetryAttempts: row.retryAttempts,
        MaximumRecordAgeInSeconds: row.maximumRecordAge,
        FunctionResponseTypes: row.reportBatchItemFailures ? ['ReportBatchItemFailures'] : [],
        MetricsConfig: { Metrics: ['EventCount'] },
      });
      expect(mapping.DestinationConfig).toEqual(
        deadLetters && { OnFailure: { Destination: `${deadLetters.id}.Arn` } },
      );
      if (deadLetters)
        expect(deadLetters.properties).toMatchObject({
          MessageRetentionPeriod: 14 * 24 * 60 * 60,
          SqsManagedSseEnabled: true,
        });
    });

    it('may read the stream, use tables as its row says, send dead letters if it has a queue, and nothing else', () => {
      const { properties } = findFunction(events, `${prefix}-${consumer.name}`);
      const tables = {
        channels: prefix,
        projections: `client-channels-projections-${name}`,
        history: `client-channels-history-${name}`,
      };
      const useTables = Object.entries(consumer.permissions.tables).flatMap(([table, actions]) =>
        grants(actions, [`arn:aws:dynamodb:${account}:table/${tables[table as keyof typeof tables]}`]),
      );
      const putEvents = grants(['events:PutEvents'], [`arn:aws:events:${account}:event-bus/${prefix}`]);
      const sendDeadLetters = grants(
        ['sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
        [`${findDeadLetterQueue(consumer.name)?.id}.Arn`],
      );
      const writeLogs = grants(
        ['logs:CreateLogStream', 'logs:PutLogEvents'],
        [`${properties.LoggingConfig.LogGroup}.Arn`],
      );
      const readStream = grants(
        ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
        [stream],
      );
      expect(grantsOf(events, properties.Role)).toEqual(
        [
          ...writeLogs,
          ...grants(['xray:PutTraceSegments', 'xray:PutTelemetryRecords', 'dynamodb:ListStreams'], ['*']),
          ...useTables,
          ...readStream,
          ...(consumer.publishes ? putEvents : []),
          ...(consumer.deadLetters ? sendDeadLetters : []),
        ].sort(),
      );
    });

    it('has the timeout of its row, and gets only the names of the tables and the bus that it uses', () => {
      const { properties } = findFunction(events, `${prefix}-${consumer.name}`);
      expect(properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Timeout: consumer.timeoutSeconds,
        TracingConfig: { Mode: 'Active' },
      });
      expect(properties.Environment.Variables).toEqual({
        ENVIRONMENT: name,
        ...(consumer.permissions.tables.channels && { CHANNELS_TABLE: prefix }),
        ...(consumer.permissions.tables.projections && {
          PROJECTIONS_TABLE: `client-channels-projections-${name}`,
        }),
        ...(consumer.permissions.tables.history && { HISTORY_TABLE: `client-channels-history-${name}` }),
        METRIC_NAMESPACE: prefix,
        ...(consumer.publishes && { EVENT_BUS: prefix }),
        ...(environment.sourceMaps && { NODE_OPTIONS: '--enable-source-maps' }),
      });
    });

    it('has alarms on dead letters, dropped records, a missing heartbeat, lag, errors and throttles, and the dashboard shows each', () => {
      const topic = [`arn:aws:sns:${account}:client-channels-alarms-${name}`];
      const alarms = resourcesOfType(events, 'AWS::CloudWatch::Alarm')
        .map(([, alarm]) => alarm)
        .filter(({ AlarmName }) => AlarmName.startsWith(`${prefix}-${consumer.name}-`));
      const deadLetters = {
        AlarmName: `${prefix}-${consumer.name}-dead-letters`,
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Dimensions: [{ Name: 'QueueName', Value: `${findDeadLetterQueue(consumer.name)?.id}.QueueName` }],
        Threshold: 1,
        AlarmActions: topic,
      };
      const { id } = findFunction(events, `${prefix}-${consumer.name}`);
      const [[mapping] = []] = resourcesOfType(events, 'AWS::Lambda::EventSourceMapping').filter(
        ([, { FunctionName }]) => FunctionName === id,
      );
      expect(alarms).toMatchObject([
        ...(consumer.deadLetters ? [deadLetters] : []),
        {
          AlarmName: `${prefix}-${consumer.name}-dropped`,
          Namespace: 'AWS/Lambda',
          MetricName: 'DroppedEventCount',
          Dimensions: [{ Name: 'EventSourceMappingUUID', Value: mapping }],
          Statistic: 'Sum',
          Threshold: 1,
          TreatMissingData: 'notBreaching',
          AlarmActions: topic,
        },
        // CloudWatch has no data if no heartbeat arrives.
        {
          AlarmName: `${prefix}-${consumer.name}-heartbeat`,
          Namespace: prefix,
          MetricName: 'HeartbeatDelay',
          Dimensions: [{ Name: 'Function', Value: consumer.name }],
          Statistic: 'SampleCount',
          ComparisonOperator: 'LessThanThreshold',
          Threshold: 1,
          Period: 300,
          EvaluationPeriods: 3,
          TreatMissingData: 'breaching',
          AlarmActions: topic,
        },
        {
          AlarmName: `${prefix}-${consumer.name}-lag`,
          MetricName: 'IteratorAge',
          Threshold: environment.alarms.streamLagMs,
          AlarmActions: topic,
        },
        ...['Errors', 'Throttles'].map((MetricName) => ({
          AlarmName: `${prefix}-${consumer.name}-${MetricName.toLowerCase()}`,
          MetricName,
          Threshold: environment.alarms.errorCount,
          EvaluationPeriods: 1,
          AlarmActions: topic,
        })),
      ]);
      const [[, dashboard] = []] = resourcesOfType(api, 'AWS::CloudWatch::Dashboard');
      for (const { AlarmName } of alarms)
        expect(dashboard.DashboardBody).toContain(`arn:aws:cloudwatch:${account}:alarm:${AlarmName}`);
      expect(dashboard.DashboardBody).toContain(`"FunctionName","${prefix}-${consumer.name}"`);
      expect(dashboard.DashboardBody).toContain(`"${prefix}","HeartbeatDelay","Function","${consumer.name}"`);
      const queueMetric = `"QueueName","${prefix}-${consumer.name}-dead-letters"`;
      expect(dashboard.DashboardBody.includes(queueMetric)).toBe(consumer.deadLetters);
    });
  });
});

describe.each(environments)('the scheduled functions of $name', (environment) => {
  const { name } = environment;
  const prefix = `client-channels-${name}`;
  const { api, events } = synthesizeStacks(environment);

  it.each(
    schedules.map((row) => [row.name, row] as const),
  )('%s has the permissions of its row and runs at its interval', (functionName, row) => {
    const { id, properties } = findFunction(events, `${prefix}-${functionName}`);
    const table = (suffix: string) => `arn:aws:dynamodb:${account}:table/client-channels-${suffix}`;
    const { tables, indexes } = row.permissions;
    expect(grantsOf(events, properties.Role).filter((grant) => grant.startsWith('dynamodb:'))).toEqual(
      [
        ...grants(tables.channels ?? [], [table(name)]),
        ...grants(tables.projections ?? [], [table(`projections-${name}`)]),
        ...grants(['dynamodb:Scan'], indexes?.names.map((index) => table(`${name}/index/${index}`)) ?? []),
      ].sort(),
    );
    expect(properties.Timeout).toBe(row.timeoutSeconds);
    expect(row.timeoutSeconds).toBeLessThan(row.everyMinutes * 60);
    const rules = resourcesOfType(events, 'AWS::Events::Rule').map(([, rule]) => rule);
    expect(rules.filter(({ Targets: [target] }) => target.Arn === `${id}.Arn`)).toMatchObject([
      {
        ScheduleExpression: `rate(${row.everyMinutes} minutes)`,
        Targets: [{ RetryPolicy: { MaximumRetryAttempts: 0 } }],
      },
    ]);
  });

  it.each(
    schedules.map((row) => [row.name, row] as const),
  )('%s is not retried before its next run, neither by EventBridge nor by Lambda', (functionName, row) => {
    const { id } = findFunction(events, `${prefix}-${functionName}`);
    const configured = resourcesOfType(events, 'AWS::Lambda::EventInvokeConfig').map(([, config]) => config);
    expect(configured.filter(({ FunctionName }) => FunctionName === id)).toMatchObject([
      { Qualifier: '$LATEST', MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: row.everyMinutes * 60 },
    ]);
  });

  it.each(
    schedules.map((row) => [row.name, row] as const),
  )('%s has alarms on three failed, throttled or missing runs in a row, and the dashboard shows them', (functionName, row) => {
    const { id } = findFunction(events, `${prefix}-${functionName}`);
    const alarms = resourcesOfType(events, 'AWS::CloudWatch::Alarm')
      .map(([, alarm]) => alarm)
      .filter(({ AlarmName }) => AlarmName.startsWith(`${prefix}-${functionName}-`));
    const common = {
      Dimensions: [{ Name: 'FunctionName', Value: id }],
      Statistic: 'Sum',
      Threshold: 1,
      EvaluationPeriods: 3,
      Period: row.everyMinutes * 60,
      AlarmActions: [`arn:aws:sns:${account}:client-channels-alarms-${name}`],
    };
    const upperLimit = {
      ...common,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    };
    // CloudWatch has no data if the function does not run.
    const lowerLimit = { ...common, ComparisonOperator: 'LessThanThreshold', TreatMissingData: 'breaching' };
    expect(alarms).toMatchObject([
      { ...upperLimit, AlarmName: `${prefix}-${functionName}-errors`, MetricName: 'Errors' },
      { ...upperLimit, AlarmName: `${prefix}-${functionName}-throttles`, MetricName: 'Throttles' },
      { ...lowerLimit, AlarmName: `${prefix}-${functionName}-not-run`, MetricName: 'Invocations' },
    ]);
    const [[, dashboard] = []] = resourcesOfType(api, 'AWS::CloudWatch::Dashboard');
    for (const { AlarmName } of alarms) expect(dashboard.DashboardBody).toContain(`alarm:${AlarmName}`);
  });
});

describe.each(environments)('the pending changes of $name', (environment) => {
  const prefix = `client-channels-${environment.name}`;
  const { api, events } = synthesizeStacks(environment);

  it('have alarms on old ones, and on a sweep that does the work of the stream consumer for three runs', () => {
    const alarms = resourcesOfType(events, 'AWS::CloudWatch::Alarm')
      .map(([, alarm]) => alarm)
      .filter(({ AlarmName }) => AlarmName.startsWith(`${prefix}-pending-changes-`));
    const common = {
      Namespace: prefix,
      Dimensions: [{ Name: 'Function', Value: 'sweep-pending' }],
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Period: 300,
      TreatMissingData: 'notBreaching',
      AlarmActions: [`arn:aws:sns:${account}:client-channels-alarms-${environment.name}`],
    };
    expect(alarms).toMatchObject([
      {
        ...common,
        AlarmName: `${prefix}-pending-changes-old`,
        MetricName: 'OldestPendingChangeAge',
        Statistic: 'Maximum',
        Threshold: 1_800,
        EvaluationPeriods: 1,
      },
      {
        ...common,
        AlarmName: `${prefix}-pending-changes-swept`,
        MetricName: 'SweptChanges',
        Statistic: 'Sum',
        Threshold: 1,
        EvaluationPeriods: 3,
      },
    ]);
    const [[, dashboard] = []] = resourcesOfType(api, 'AWS::CloudWatch::Dashboard');
    for (const { AlarmName } of alarms) expect(dashboard.DashboardBody).toContain(`alarm:${AlarmName}`);
    for (const metric of ['OldestPendingChangeAge', 'SweptChanges'])
      expect(dashboard.DashboardBody).toContain(`"${prefix}","${metric}","Function","sweep-pending"`);
  });

  it('are counted by a function that has a namespace for its metrics', () => {
    const { properties } = findFunction(events, `${prefix}-sweep-pending`);
    expect(properties.Environment.Variables.METRIC_NAMESPACE).toBe(prefix);
  });
});

it('stream consumers read the stream of a restored table, and use the two restored tables', () => {
  const [dev] = environments as [Environment];
  const restoredTables = { channels: 'restored', projections: 'restored-projections' };
  const restoredStream = 'arn:aws:dynamodb:::table/restored/stream/1';
  const { events } = synthesizeStacks({ ...dev, restoredTables, restoredStream });
  const mappings = resourcesOfType(events, 'AWS::Lambda::EventSourceMapping');
  expect(mappings.map(([, { EventSourceArn }]) => EventSourceArn)).toEqual(
    streamConsumers.map(() => restoredStream),
  );
  expect(
    findFunction(events, 'client-channels-dev-project-channels').properties.Environment.Variables,
  ).toMatchObject({
    CHANNELS_TABLE: 'restored',
    PROJECTIONS_TABLE: 'restored-projections',
  });
});
