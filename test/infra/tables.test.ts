import { describe, expect, it } from '@jest/globals';
import { DataStack } from '../../infra/data-stack.ts';
import { type Environment, environments } from '../../infra/environments.ts';
import { namesOf } from '../../infra/names.ts';
import { toCreateTableInput } from '../../lib/manifest/create-table-input.ts';
import type { TableName } from '../../lib/manifest/permission-types.ts';
import {
  apiKeysTable,
  channelsTable,
  historyTable,
  projectionsTable,
  type TableDefinition,
  tableNames,
} from '../../lib/manifest/tables.ts';
import { indexChanges, type TableSchema } from './index-changes.ts';
import { readReleasedTables } from './released-tables.ts';
import { resourcesOfType, synthesizeApp } from './synthesis.ts';

const tablesOf = (environment: Environment) => {
  const { dataStack } = namesOf(environment);
  const resources = synthesizeApp((app) => new DataStack(app, environment))(dataStack);
  const tables = resourcesOfType(resources, 'AWS::DynamoDB::GlobalTable').map(([, table]) => table);
  return (tableName: string) => tables.find((table) => table.TableName === tableName);
};

type Attribute = { AttributeName?: string | undefined };
const byName = (one: Attribute, other: Attribute) =>
  `${one.AttributeName}`.localeCompare(`${other.AttributeName}`);

const withoutMaxUnits = ({ WriteOnDemandThroughputSettings: _, ...index }: Record<string, unknown>) => index;

/**
 * The write units of these items for one creation, with a name of 20 letters and both external ids: docs/performance.md. The
 * change log takes 4 of those of the projections if no other change is numbered with it.
 */
const unitsOfCreation = { channels: 15, channelsIndex: 2, projections: 36 + 4 };
/** The default quota of AWS for one table or index, in units per second. */
const quota = 40_000;

describe.each(environments)('the tables of $name', (environment) => {
  const { name } = environment;
  const tableOf = tablesOf(environment);
  const names = tableNames(name);

  it.each([
    ['channels', names.channels, channelsTable],
    ['projections', names.projections, projectionsTable],
    ['history', names.history, historyTable],
    ['API keys', names.apiKeys, apiKeysTable],
  ])('the %s table is defined as DynamoDB Local creates it', (_, tableName: string, definition: TableDefinition) => {
    const deployed = tableOf(tableName);
    const local = toCreateTableInput(tableName, definition);
    expect({
      ...deployed,
      AttributeDefinitions: [...deployed.AttributeDefinitions].sort(byName),
      GlobalSecondaryIndexes: deployed.GlobalSecondaryIndexes?.map(withoutMaxUnits),
    }).toMatchObject({
      TableName: tableName,
      BillingMode: local.BillingMode,
      KeySchema: local.KeySchema,
      AttributeDefinitions: [...(local.AttributeDefinitions ?? [])].sort(byName),
    });
    expect(deployed.GlobalSecondaryIndexes?.map(withoutMaxUnits)).toEqual(local.GlobalSecondaryIndexes);
    expect(deployed.StreamSpecification?.StreamViewType).toBe(local.StreamSpecification?.StreamViewType);
    expect(deployed.TimeToLiveSpecification).toEqual(
      definition.timeToLive && { AttributeName: definition.timeToLive, Enabled: true },
    );
  });

  it('and their indexes have the maximum throughput of the row, for reads and for writes', () => {
    const maxUnitsOf = (table: TableName) => {
      const {
        WriteOnDemandThroughputSettings: writes,
        GlobalSecondaryIndexes: indexes = [],
        Replicas: [replica],
      } = tableOf(names[table]);
      const readIndexes = replica.GlobalSecondaryIndexes ?? [];
      return {
        reads: replica.ReadOnDemandThroughputSettings.MaxReadRequestUnits,
        writes: writes.MaxWriteRequestUnits,
        // biome-ignore lint/suspicious/noExplicitAny: a property of the template
        indexes: indexes.map(({ IndexName, WriteOnDemandThroughputSettings: settings }: any) => ({
          name: IndexName,
          reads: readIndexes.find((index: { IndexName: string }) => index.IndexName === IndexName)
            .ReadOnDemandThroughputSettings.MaxReadRequestUnits,
          writes: settings.MaxWriteRequestUnits,
        })),
      };
    };
    const { maxTableUnits: row } = environment;
    expect({
      channels: maxUnitsOf('channels'),
      projections: maxUnitsOf('projections'),
      history: maxUnitsOf('history'),
      apiKeys: maxUnitsOf('apiKeys'),
    }).toEqual({
      channels: {
        ...row.channels,
        indexes: channelsTable.indexes.map((index) => ({ name: index.name, ...row.channelsIndex })),
      },
      projections: { ...row.projections, indexes: [] },
      history: { ...row.history, indexes: [] },
      apiKeys: { ...row.apiKeys, indexes: [] },
    });
  });

  it('take as many creations a second as the gateway lets through, within the quota of AWS', () => {
    const { maxTableUnits: row, throttling } = environment;
    for (const [table, units] of Object.entries(unitsOfCreation))
      expect(row[table as keyof typeof unitsOfCreation].writes).toBeGreaterThanOrEqual(
        units * throttling.requestsPerSecond,
      );
    for (const { reads, writes } of Object.values(row)) {
      expect(reads).toBeLessThanOrEqual(quota);
      expect(writes).toBeLessThanOrEqual(quota);
    }
  });

  it('take the versions of all changes that the indexes take, because each change writes about as much to an index', () => {
    const { history, channelsIndex } = environment.maxTableUnits;
    expect(history.writes).toBeGreaterThanOrEqual(channelsIndex.writes);
  });

  it('differ from the last release by at most one index per table, so that one deployment can make the change', () => {
    const tables = {
      channels: tableOf(names.channels),
      projections: tableOf(names.projections),
      history: tableOf(names.history),
      apiKeys: tableOf(names.apiKeys),
    };
    for (const [table, schema] of Object.entries(readReleasedTables()))
      expect(indexChanges(schema, tables[table as keyof typeof tables] as TableSchema).length).toBeLessThan(
        2,
      );
  });

  it('have the same keys as in the last release, because another key would replace the table', () => {
    const { channels, projections, history, apiKeys } = readReleasedTables();
    expect(tableOf(names.projections).KeySchema).toEqual(projections.KeySchema);
    expect(tableOf(names.channels).KeySchema).toEqual(channels.KeySchema);
    expect(tableOf(names.history).KeySchema).toEqual(history.KeySchema);
    expect(tableOf(names.apiKeys).KeySchema).toEqual(apiKeys.KeySchema);
  });
});
