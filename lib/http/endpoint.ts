import middy, { type Request as MiddyRequest } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { authenticate, type Caller } from '../auth/authenticate.ts';
import { readServiceConfig } from '../config.ts';
import { connect } from '../dynamodb/client.ts';
import { Meter } from '../dynamodb/meter.ts';
import { Table } from '../dynamodb/table.ts';
import { operations, type ScopedOperation } from '../manifest/operations.ts';
import { type ApiResponse, commonHeaders, toErrorResponse, toGatewayResponse } from './response.ts';
import { logRequestFailure, logRequest } from './request-log.ts';
import { requestIdOf } from './request-id.ts';

/** A request that has been let in: API Gateway's event, and what the service knows of it. */
export interface Request extends APIGatewayProxyEventV2 {
  caller: Caller;
  /** The channels table, within this request's time. */
  channels: Table;
  /** The directory, likewise. */
  projections: Table;
}

interface Incoming extends Request {
  requestId: string;
  startedAt: number;
  meter: Meter;
  accessKeys: Table;
}

type Hook = MiddyRequest<Incoming, APIGatewayProxyStructuredResultV2>;

/** Milliseconds that a request may take; API Gateway gives up at 30 s, and most clients before. */
const requestTimeoutMs = 8_000;

const config = readServiceConfig();
const client = connect();

/** Gives the request its name, its time and its view of the tables. */
const initialise = ({ event, context }: Hook): void => {
  event.requestId = requestIdOf(event, context);
  event.startedAt = performance.now();
  event.meter = new Meter();
  const signal = AbortSignal.timeout(requestTimeoutMs);
  event.channels = new Table(client, config.CHANNELS_TABLE, event.meter, signal);
  event.projections = new Table(client, config.DIRECTORY_TABLE, event.meter, signal);
  event.accessKeys = new Table(client, config.ACCESS_KEYS_TABLE, event.meter, signal);
};

const headersFor = ({ requestId, meter }: Incoming) => commonHeaders(requestId, meter.summary);

const respondWithError = ({ event, error }: Hook): APIGatewayProxyStructuredResultV2 => {
  logRequestFailure(error, event.requestId);
  return toErrorResponse(error, event.requestId, headersFor(event));
};

/** Leaves the request's line in the log, where the environment asks for one. */
const logAccess = (operation: ScopedOperation['name'], { event }: Hook, status: number | undefined): void => {
  if (config.LOG_REQUESTS === undefined) return;
  const { requestId, requestContext, caller, meter, startedAt } = event;
  logRequest({
    request_id: requestId,
    gateway_request_id: requestContext?.requestId,
    key_id: caller?.keyId,
    namespace: caller?.namespace,
    operation,
    status,
    duration_ms: Math.round(performance.now() - startedAt),
    ...meter.totals,
  });
};

/**
 * An operation as a Lambda handler behind API Gateway's HTTP API (payload format 2.0): one pipeline that lets requests
 * in, runs them, answers them and turns what they throw into errors. Whatever is sent, it answers; it never rejects.
 */
export const endpoint = (name: ScopedOperation['name'], run: (request: Request) => Promise<ApiResponse>) => {
  const operation = operations.find((row) => row.name === name) as ScopedOperation;
  const authenticateCaller = async ({ event }: Hook): Promise<void> => {
    event.caller = await authenticate(event.headers, operation.scope, config.ENVIRONMENT, event.accessKeys);
  };
  return middy<Incoming, APIGatewayProxyStructuredResultV2>()
    .before(initialise)
    .before(authenticateCaller)
    .after((hook) => logAccess(name, hook, hook.response?.statusCode))
    .onError((hook) => {
      const result = respondWithError(hook);
      logAccess(name, hook, result.statusCode);
      return result;
    })
    .handler(async (event) => toGatewayResponse(await run(event), headersFor(event)));
};
