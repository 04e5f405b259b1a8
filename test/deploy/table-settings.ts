import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ListTagsOfResourceCommand,
} from '@aws-sdk/client-dynamodb';

const byName = (one: { IndexName?: string | undefined }, other: { IndexName?: string | undefined }) =>
  `${one.IndexName}`.localeCompare(`${other.IndexName}`);

/** All settings of a table that the data stack makes: everything but its name, its contents and its times. */
export const readSettings = async (client: DynamoDBClient, TableName: string) => {
  const { Table: table } = await client.send(new DescribeTableCommand({ TableName }));
  const { ContinuousBackupsDescription: backups } = await client.send(
    new DescribeContinuousBackupsCommand({ TableName }),
  );
  const { TimeToLiveDescription: timeToLive } = await client.send(
    new DescribeTimeToLiveCommand({ TableName }),
  );
  const { Tags: tags = [] } = await client.send(
    new ListTagsOfResourceCommand({ ResourceArn: table?.TableArn }),
  );
  return {
    keys: table?.KeySchema,
    attributes: Object.fromEntries(
      (table?.AttributeDefinitions ?? []).map(({ AttributeName, AttributeType }) => [
        AttributeName,
        AttributeType,
      ]),
    ),
    indexes: (table?.GlobalSecondaryIndexes ?? [])
      .map(({ IndexName, KeySchema, Projection, OnDemandThroughput }) => ({
        IndexName,
        KeySchema,
        Projection,
        OnDemandThroughput,
      }))
      .sort(byName),
    billing: table?.BillingModeSummary?.BillingMode,
    limit: table?.OnDemandThroughput,
    isProtected: table?.DeletionProtectionEnabled,
    encryption: table?.SSEDescription?.SSEType,
    stream: table?.StreamSpecification,
    recovery: backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus,
    timeToLive,
    // CloudFormation adds tags of its own.
    tags: Object.fromEntries(
      tags.filter(({ Key }) => !Key?.startsWith('aws:')).map(({ Key, Value }) => [Key, Value]),
    ),
  };
};
