import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { TableName } from '../lib/manifest/permission-types.ts';
import {
  apiKeysTable,
  channelsTable,
  historyTable,
  type IndexDefinition,
  projectionsTable,
  type TableDefinition,
  tableNames,
} from '../lib/manifest/tables.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';

const { STRING, NUMBER } = dynamodb.AttributeType;

const toKeyAttributes = ({
  partitionKey,
  sortKey,
  sortKeyType,
}: Omit<IndexDefinition, 'name' | 'projection'>) => ({
  partitionKey: { name: partitionKey, type: STRING },
  ...(sortKey !== undefined && {
    sortKey: { name: sortKey, type: sortKeyType === 'number' ? NUMBER : STRING },
  }),
});

const toProjection = ({ projection }: IndexDefinition) =>
  typeof projection === 'string'
    ? { projectionType: dynamodb.ProjectionType[projection] }
    : { projectionType: dynamodb.ProjectionType.INCLUDE, nonKeyAttributes: [...projection] };

const toMaxRequestUnits = ({ reads, writes }: Environment['maxTableUnits'][TableName]) => ({
  maxReadRequestUnits: reads,
  maxWriteRequestUnits: writes,
});

const printableCharacters = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index));
const notHexDigits = printableCharacters.filter((character) => !/[0-9a-f]/.test(character)).join('');

/** Resources that must survive deployments of the other stacks: the tables, the cursor secret and the alarm topic. */
export class DataStack extends Stack {
  readonly #environment: Environment;

  constructor(scope: Construct, environment: Environment) {
    const names = namesOf(environment);
    super(scope, names.dataStack, {
      description: `Client channels, ${environment.name}: tables, cursor secret and alarm topic`,
      terminationProtection: environment.keepsData,
      env: environment.deployedTo,
    });
    this.#environment = environment;
    const channels = this.#table('Channels', 'channels', channelsTable);
    new StringParameter(this, 'ChannelsStream', {
      parameterName: names.streamParameter,
      description: 'The stream of the channels table',
      stringValue: channels.tableStreamArn as string,
    });
    this.#table('Projections', 'projections', projectionsTable);
    this.#table('History', 'history', historyTable);
    this.#table('ApiKeys', 'apiKeys', apiKeysTable);
    this.#cursorSecret(names.cursorSecret);
    this.#alarmTopic(names.alarmTopic);
  }

  /** What a failed first deployment has created is removed again. Otherwise it would block the next one by its name. */
  get #removalPolicy() {
    return this.#environment.keepsData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
  }

  #alarmTopic(topicName: string) {
    const topic = new Topic(this, 'AlarmTopic', {
      topicName,
      displayName: `Client channels, ${this.#environment.name}`,
      enforceSSL: true,
    });
    // The policy that requires TLS replaces SNS's default policy, which lets the alarms of the account publish.
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AllowAlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
  }

  #table(id: string, name: TableName, definition: TableDefinition) {
    const { keepsData, maxTableUnits: maxUnits } = this.#environment;
    return new dynamodb.TableV2(this, id, {
      tableName: tableNames(this.#environment.name)[name],
      ...toKeyAttributes(definition),
      billing: dynamodb.Billing.onDemand(toMaxRequestUnits(maxUnits[name])),
      // This key of the account costs nothing per month, and CloudTrail logs its use. It does not log the use of
      // DynamoDB's default key.
      encryption: dynamodb.TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: !definition.isDerived },
      deletionProtection: keepsData,
      removalPolicy: this.#removalPolicy,
      globalSecondaryIndexes: (definition.indexes ?? []).map((index) => ({
        indexName: index.name,
        ...toKeyAttributes(index),
        ...toProjection(index),
        ...toMaxRequestUnits(maxUnits.channelsIndex),
      })),
      ...(definition.timeToLive !== undefined && { timeToLiveAttribute: definition.timeToLive }),
      ...(definition.stream && { dynamoStream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES }),
    });
  }

  /**
   * Secrets Manager generates the secret from all printable characters that are not excluded. 64 hex digits, each equally
   * likely, make 256 bits.
   */
  #cursorSecret(secretName: string) {
    const secret = new Secret(this, 'CursorSecret', {
      secretName,
      description: 'Encrypts cursors',
      removalPolicy: this.#removalPolicy,
      generateSecretString: {
        passwordLength: 64,
        excludeCharacters: notHexDigits,
        requireEachIncludedType: false,
      },
    });
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Rotated by hand (docs/operations.md): the functions that make cursors must be deployed with both versions, and a day ' +
        'later without the previous one. A rotation schedule can’t do this.',
    });
  }
}
