import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  CorsHttpMethod,
  HttpApi,
  HttpMethod,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type Operation, operations } from '../lib/manifest/operations.ts';
import { Alarms } from './alarms.ts';
import { addDashboard } from './dashboard.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';
import { OperationFunction } from './operation-function.ts';

/** What a browser may send and see, beyond what it may anyway: the contract's headers. */
const requestHeaders = [
  'api-key',
  'authorization',
  'content-type',
  'x-company-namespace',
  'if-match',
  'if-none-match',
  'idempotency-key',
  'x-request-id',
];
const responseHeaders = [
  'ETag',
  'Location',
  'Link',
  'Retry-After',
  'x-request-id',
  'Idempotency-Replayed',
  'x-consumed-capacity',
];

/** The gateway's own account of every request, those included that never reach a function. No keys, queries or bodies. */
const accessLogFormat = AccessLogFormat.custom(
  JSON.stringify({
    request_id: '$context.requestId',
    time: '$context.requestTimeEpoch',
    address: '$context.identity.sourceIp',
    route: '$context.routeKey',
    status: '$context.status',
    error: '$context.error.responseType',
    integration_status: '$context.integration.status',
    integration_error: '$context.integration.error',
    latency_ms: '$context.responseLatency',
    integration_latency_ms: '$context.integration.latency',
    bytes: '$context.responseLength',
  }),
);

/** The HTTP API: a function, its permissions and its routes for each row of the operations. It holds no data. */
export class ApiStack extends Stack {
  constructor(scope: Construct, environment: Environment, props: StackProps = {}) {
    const names = namesOf(environment);
    super(scope, names.apiStack, {
      description: `Client channels, ${environment.name}: the HTTP API, its alarms and dashboard`,
      ...props,
    });
    const api = this.#api(environment);
    const stage = this.#stage(api, environment);
    const rows: readonly Operation[] = operations;
    const functions = rows.map((operation) => {
      const made = new OperationFunction(this, operation, environment);
      api.addRoutes({
        path: operation.path,
        methods: operation.methods.map((method) => HttpMethod[method]),
        integration: new HttpLambdaIntegration(`${operation.name}-integration`, made.function),
      });
      return { name: operation.name, function: made.function, logGroup: made.logGroup };
    });
    const alarms = new Alarms(this, environment);
    alarms.addApiAlarms({ functions, stage });
    alarms.addTableAlarms();
    addDashboard(this, environment, { functions, stage, alarms: alarms.all });
    Validations.of(api).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'Functions check API keys themselves, so that a request costs one invocation (docs/decisions.md).',
    });
    new CfnOutput(this, 'Url', { value: api.apiEndpoint });
    new CfnOutput(this, 'ApiId', { value: api.apiId });
  }

  #api({ allowedOrigins, ...environment }: Environment): HttpApi {
    const methods = new Set(operations.flatMap((operation) => operation.methods));
    return new HttpApi(this, 'Api', {
      apiName: namesOf({ allowedOrigins, ...environment }).namePrefix,
      createDefaultStage: false,
      ...(allowedOrigins.length && {
        corsPreflight: {
          allowOrigins: allowedOrigins,
          allowMethods: [...methods].map((method) => CorsHttpMethod[method]),
          allowHeaders: requestHeaders,
          exposeHeaders: responseHeaders,
          maxAge: Duration.hours(1),
        },
      }),
    });
  }

  #stage(
    httpApi: HttpApi,
    { throttling: requests, logRetentionDays: logRetention, keepsData }: Environment,
  ): HttpStage {
    const logGroup = new LogGroup(this, 'AccessLogs', {
      retention: logRetention,
      removalPolicy: keepsData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    return new HttpStage(this, 'Stage', {
      httpApi,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: requests.requestsPerSecond, burstLimit: requests.burst },
      accessLogSettings: { destination: new LogGroupLogDestination(logGroup), format: accessLogFormat },
    });
  }
}
