import middy, { type Request as MiddyRequest } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { type AuthenticatedCaller, authenticate } from '../auth/authenticate.ts';
import { readServiceConfig } from '../config.ts';
import { connect } from '../dynamodb/client.ts';
import { Meter } from '../dynamodb/meter.ts';
import type { Session } from '../dynamodb/session.ts';
import { Table } from '../dynamodb/table.ts';
import { operations, type ScopedOperation } from '../manifest/operations.ts';
import { compress } from './compression.ts';
import { toApiError } from './failure-to-api-error.ts';
import { requestIdOf } from './request-id.ts';
import { logRequest, logRequestFailure } from './request-log.ts';
import { type ApiResponse, commonHeaders, toErrorResponse, toGatewayResponse } from './response.ts';

/** The context that an operation gets in addition to the gateway's event. */
export interface RequestContext {
  caller: AuthenticatedCaller;
  /** Opens tables within the deadline and on the meter of this request. */
  session: Session;
}

/** The state of a request in the pipeline. It has no caller until it is authenticated. */
interface Progress extends Omit<RequestContext, 'caller'> {
  caller?: AuthenticatedCaller;
  requestId: string;
  /** By `performance.now()`. */
  startedAt: number;
}

interface ServiceContext extends Context {
  progress: Progress;
}

type Hook = MiddyRequest<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Error, ServiceContext>;

/** API Gateway gives up after 30 s, and most clients give up earlier. */
const requestTimeoutMs = 8_000;

const config = readServiceConfig();
const client = connect();

const initialise = ({ event, context }: Hook): void => {
  const session = { client, meter: new Meter(), signal: AbortSignal.timeout(requestTimeoutMs) };
  context.progress = {
    requestId: requestIdOf(event, context),
    startedAt: performance.now(),
    session,
  };
};

const headersFor = ({ requestId, session }: Progress) => commonHeaders(requestId, session.meter.summary);

const respondWithError = ({
  event: { headers },
  context: { progress },
  error: thrown,
}: Hook): APIGatewayProxyStructuredResultV2 => {
  const error = toApiError(thrown);
  logRequestFailure(progress.requestId, error);
  const response = toErrorResponse(error, progress.requestId, headersFor(progress));
  return compress(response, headers['accept-encoding']);
};

/** Writes the request's line to the log, if the environment asks for it. */
const logAccess = (
  operation: ScopedOperation['name'],
  { event, context: { progress } }: Hook,
  status: number | undefined,
): void => {
  if (config.LOG_REQUESTS === undefined) return;
  logRequest({
    request_id: progress.requestId,
    gateway_request_id: event.requestContext?.requestId,
    key_id: progress.caller?.keyId,
    namespace: progress.caller?.namespace,
    operation,
    status,
    duration_ms: Math.round(performance.now() - progress.startedAt),
    ...progress.session.meter.totals,
  });
};

/**
 * Makes a Lambda handler of an operation, for API Gateway's HTTP API (payload format 2.0). One pipeline authenticates the
 * request, runs the operation, and turns its result or its error into a response. It never rejects, whatever a client sends.
 */
export const authenticatedEndpoint = (
  name: ScopedOperation['name'],
  run: (event: APIGatewayProxyEventV2, request: RequestContext) => Promise<ApiResponse>,
) => {
  const operation = operations.find((row) => row.name === name) as ScopedOperation;
  const authenticateCaller = async ({ event, context: { progress } }: Hook): Promise<void> => {
    const apiKeys = new Table(progress.session, config.API_KEYS_TABLE);
    progress.caller = await authenticate(event.headers, operation.scope, config.ENVIRONMENT, apiKeys);
  };
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Error, ServiceContext>()
    .before(initialise)
    .before(authenticateCaller)
    .after((hook) => logAccess(name, hook, hook.response?.statusCode))
    .onError((hook) => {
      const response = respondWithError(hook);
      logAccess(name, hook, response.statusCode);
      return response;
    })
    .handler(async (event, { progress }) => {
      const response = await run(event, progress as RequestContext);
      return compress(toGatewayResponse(response, headersFor(progress)), event.headers['accept-encoding']);
    });
};
