import { RemovalPolicy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import {
  apiKeysTable,
  channelsTable,
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

const printableCharacters = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index));
const notHexDigits = printableCharacters.filter((character) => !/[0-9a-f]/.test(character)).join('');

/** What must outlive a deployment: the tables, the secrets, and the topic to which people have subscribed. */
export class DataStack extends Stack {
  readonly #environment: Environment;

  constructor(scope: Construct, environment: Environment, props: StackProps = {}) {
    const names = namesOf(environment);
    super(scope, names.dataStack, {
      description: `Client channels, ${environment.name}: tables, secrets and the topic of alarms`,
      terminationProtection: environment.keepsData,
      ...props,
    });
    this.#environment = environment;
    const tables = tableNames(environment.name);
    const channels = this.#table('Channels', tables.channels, channelsTable);
    new StringParameter(this, 'ChannelsStream', {
      parameterName: names.streamParameter,
      description: 'The stream of the channels table',
      stringValue: channels.tableStreamArn as string,
    });
    this.#table('Directory', tables.directory, projectionsTable);
    this.#table('AccessKeys', tables.accessKeys, apiKeysTable);
    this.#cursorSecret(names.cursorSecret);
    this.#alarmTopic(names.alarmTopic);
  }

  get #removalPolicy() {
    return this.#environment.keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
  }

  #alarmTopic(topicName: string) {
    const topic = new Topic(this, 'Alarms', {
      topicName,
      displayName: `Client channels, ${this.#environment.name}`,
      enforceSSL: true,
    });
    // The policy that asks for TLS takes the place of SNS's own, by which the account's alarms could publish.
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

  #table(id: string, tableName: string, definition: TableDefinition) {
    const { keepsData, maxTableUnits: tableCeiling } = this.#environment;
    const maxUnits = {
      maxReadRequestUnits: tableCeiling.reads,
      maxWriteRequestUnits: tableCeiling.writes,
    };
    const table = new dynamodb.Table(this, id, {
      tableName,
      ...toKeyAttributes(definition),
      ...maxUnits,
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      // AWS's key of the account rather than DynamoDB's own: its use is in CloudTrail, at no rent.
      encryption: dynamodb.TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: keepsData,
      removalPolicy: this.#removalPolicy,
      ...(definition.timeToLive !== undefined && { timeToLiveAttribute: definition.timeToLive }),
      ...(definition.stream && { stream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES }),
    });
    for (const index of definition.indexes ?? [])
      table.addGlobalSecondaryIndex({
        indexName: index.name,
        ...toKeyAttributes(index),
        ...toProjection(index),
        ...maxUnits,
      });
    return table;
  }

  /** 64 hex digits, each drawn evenly: 256 bits. Secrets Manager draws from the printable characters not excluded. */
  #cursorSecret(secretName: string) {
    const secret = new Secret(this, 'CursorSecret', {
      secretName,
      description: 'Seals the cursors of lists',
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
        'Rotated by hand (docs/operations.md): the function must be deployed with both versions, and without the ' +
        'previous one a day later, which a rotation schedule can’t do.',
    });
  }
}
