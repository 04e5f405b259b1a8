import { CfnOutput, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
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
import { cors } from '../lib/manifest/cors.ts';
import { type Operation, operations, routesOf } from '../lib/manifest/operations.ts';
import { Alarms } from './alarms.ts';
import { addDashboard } from './dashboard.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';
import { OperationFunction } from './operation-function.ts';

/**
 * The gateway's access log. It has every request, also those that never reach a function. It has no API keys, query
 * strings or bodies.
 */
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

/**
 * The HTTP API: a function with its permissions and routes for each operation of the manifest. It holds no data, so it
 * can be destroyed and deployed again.
 */
export class ApiStack extends Stack {
  constructor(scope: Construct, environment: Environment) {
    const names = namesOf(environment);
    super(scope, names.apiStack, {
      description: `Client channels, ${environment.name}: the HTTP API, its alarms and dashboard`,
      env: environment.deployedTo,
    });
    const api = this.#api(environment);
    const stage = this.#stage(api, environment);
    const functions = operations.map((operation: Operation) => {
      const created = new OperationFunction(this, operation, environment);
      const integration = new HttpLambdaIntegration(`${operation.name}-integration`, created.function);
      for (const { path, methods } of routesOf(operation))
        api.addRoutes({ path, methods: methods.map((method) => HttpMethod[method]), integration });
      return { name: operation.name, function: created.function, logGroup: created.logGroup };
    });
    const alarms = new Alarms(this, environment);
    alarms.addApiAlarms({ functions, stage });
    alarms.addTableAlarms();
    addDashboard(this, environment, { functions, stage, alarms: alarms.all });
    Validations.of(api).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'Functions check API keys themselves. An authorizer would cost a second invocation (docs/decisions.md).',
    });
    new CfnOutput(this, 'Url', { value: api.apiEndpoint });
    new CfnOutput(this, 'ApiId', { value: api.apiId });
  }

  #api({ allowedOrigins, ...environment }: Environment): HttpApi {
    return new HttpApi(this, 'Api', {
      apiName: namesOf({ allowedOrigins, ...environment }).namePrefix,
      createDefaultStage: false,
      ...(allowedOrigins.length && {
        corsPreflight: {
          allowOrigins: allowedOrigins,
          allowMethods: cors.methods.map((method) => CorsHttpMethod[method]),
          allowHeaders: cors.requestHeaders,
          exposeHeaders: cors.responseHeaders,
          maxAge: Duration.seconds(cors.maxAgeSeconds),
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
