import { readFileSync } from 'node:fs';
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ListTagsOfResourceCommand,
} from '@aws-sdk/client-dynamodb';

const sortedBy = <Key extends string>(key: Key, items: { [name in Key]?: string | undefined }[] = []) =>
  items.toSorted((one, other) => `${one[key]}`.localeCompare(`${other[key]}`));

/**
 * All settings of a table: everything but its name, its contents and its times. The limits of indexes are left out, because
 * the emulated AWS does not keep them.
 */
export const readSettings = async (client: DynamoDBClient, TableName: string) => {
  const { Table: table } = await client.send(new DescribeTableCommand({ TableName }));
  const { ContinuousBackupsDescription: backups } = await client.send(
    new DescribeContinuousBackupsCommand({ TableName }),
  );
  const { TimeToLiveDescription: timeToLive } = await client.send(
    new DescribeTimeToLiveCommand({ TableName }),
  );
  const { Tags } = await client.send(new ListTagsOfResourceCommand({ ResourceArn: table?.TableArn }));
  const indexes = (table?.GlobalSecondaryIndexes ?? []).map(({ IndexName, KeySchema, Projection }) => ({
    IndexName,
    KeySchema,
    Projection,
  }));
  return {
    keys: table?.KeySchema,
    attributes: sortedBy('AttributeName', table?.AttributeDefinitions),
    indexes: sortedBy('IndexName', indexes),
    billing: table?.BillingModeSummary?.BillingMode,
    limit: table?.OnDemandThroughput,
    isProtected: table?.DeletionProtectionEnabled,
    encryption: table?.SSEDescription?.SSEType,
    stream: table?.StreamSpecification?.StreamViewType,
    hasRecovery: backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED',
    timeToLive: timeToLive?.TimeToLiveStatus === 'ENABLED' ? timeToLive.AttributeName : undefined,
    tags: sortedBy('Key', Tags),
  };
};

/** The same settings of a table of the data stack, as the template says them. The emulated AWS ignores some of them. */
export const settingsInTemplate = (tableName: string) => {
  const template = JSON.parse(readFileSync('cdk.out/client-channels-data-dev.template.json', 'utf8'));
  // biome-ignore lint/suspicious/noExplicitAny: a template has no types
  const resources = Object.values<any>(template.Resources);
  const { Properties: table } = resources.find(({ Properties }) => Properties.TableName === tableName);
  const [replica] = table.Replicas;
  // biome-ignore lint/suspicious/noExplicitAny: a template has no types
  const indexes = (table.GlobalSecondaryIndexes ?? []).map(({ IndexName, KeySchema, Projection }: any) => ({
    IndexName,
    KeySchema,
    Projection,
  }));
  return {
    keys: table.KeySchema,
    attributes: sortedBy('AttributeName', table.AttributeDefinitions),
    indexes: sortedBy('IndexName', indexes),
    billing: table.BillingMode,
    limit: { ...replica.ReadOnDemandThroughputSettings, ...table.WriteOnDemandThroughputSettings },
    isProtected: replica.DeletionProtectionEnabled,
    encryption: table.SSESpecification.SSEType,
    stream: table.StreamSpecification?.StreamViewType,
    hasRecovery: replica.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled,
    timeToLive: table.TimeToLiveSpecification?.AttributeName,
    tags: sortedBy('Key', replica.Tags),
  };
};
