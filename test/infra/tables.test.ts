import { describe, expect, it } from '@jest/globals';
import { DataStack } from '../../infra/data-stack.ts';
import { type Environment, environments } from '../../infra/environments.ts';
import { namesOf } from '../../infra/names.ts';
import {
  apiKeysTable,
  channelsTable,
  projectionsTable,
  type TableDefinition,
  tableNames,
} from '../../lib/manifest/tables.ts';
import { toCreateTableInput } from '../../local/create-tables.ts';
import { indexChanges, type TableSchema } from './index-changes.ts';
import { readReleasedTables } from './released-tables.ts';
import { resourcesOfType, synthesizeApp } from './synthesis.ts';

const tablesOf = (environment: Environment) => {
  const { dataStack } = namesOf(environment);
  const resources = synthesizeApp((app) => new DataStack(app, environment))(dataStack);
  const tables = resourcesOfType(resources, 'AWS::DynamoDB::Table').map(([, table]) => table);
  return (tableName: string) => tables.find((table) => table.TableName === tableName);
};

type Named = { AttributeName?: string | undefined };
const byName = (one: Named, other: Named) => `${one.AttributeName}`.localeCompare(`${other.AttributeName}`);

const withoutCeiling = ({ OnDemandThroughput: _, ...index }: Record<string, unknown>) => index;

describe.each(environments)('the tables of $name', (environment) => {
  const { name } = environment;
  const tableOf = tablesOf(environment);
  const names = tableNames(name);

  it.each([
    ['channels', names.channels, channelsTable],
    ['directory', names.directory, projectionsTable],
    ['access keys', names.accessKeys, apiKeysTable],
  ])('%s is the table that the local engine creates', (_, tableName: string, definition: TableDefinition) => {
    const deployed = tableOf(tableName);
    const local = toCreateTableInput(tableName, definition);
    expect({
      ...deployed,
      AttributeDefinitions: [...deployed.AttributeDefinitions].sort(byName),
      GlobalSecondaryIndexes: deployed.GlobalSecondaryIndexes?.map(withoutCeiling),
    }).toMatchObject({
      TableName: tableName,
      BillingMode: local.BillingMode,
      KeySchema: local.KeySchema,
      AttributeDefinitions: [...(local.AttributeDefinitions ?? [])].sort(byName),
    });
    expect(deployed.GlobalSecondaryIndexes?.map(withoutCeiling)).toEqual(local.GlobalSecondaryIndexes);
    expect(deployed.StreamSpecification?.StreamViewType).toBe(local.StreamSpecification?.StreamViewType);
    expect(deployed.TimeToLiveSpecification).toEqual(
      definition.timeToLive && { AttributeName: definition.timeToLive, Enabled: true },
    );
  });

  it('can be deployed over the last release', () => {
    const tables = {
      channels: tableOf(names.channels),
      directory: tableOf(names.directory),
      accessKeys: tableOf(names.accessKeys),
    };
    for (const [table, schema] of Object.entries(readReleasedTables()))
      expect(indexChanges(schema, tables[table as keyof typeof tables] as TableSchema).length).toBeLessThan(
        2,
      );
  });

  it('has the keys that the last release has: another key is another table', () => {
    const { channels, directory, accessKeys } = readReleasedTables();
    expect(tableOf(names.directory).KeySchema).toEqual(directory.KeySchema);
    expect(tableOf(names.channels).KeySchema).toEqual(channels.KeySchema);
    expect(tableOf(names.accessKeys).KeySchema).toEqual(accessKeys.KeySchema);
  });
});
