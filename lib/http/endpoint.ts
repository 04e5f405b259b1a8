import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { readChannelsConfig } from '../config.ts';
import { Table } from '../dynamodb/table.ts';
import type { ScopedOperation } from '../manifest/operations.ts';
import { authenticatedEndpoint, type RequestContext } from './authenticated-endpoint.ts';
import type { ApiResponse } from './response.ts';

const { CHANNELS_TABLE } = readChannelsConfig();

/** An `authenticatedEndpoint` of an operation on channels: it also gets the table of the channels. */
export const endpoint = (
  name: ScopedOperation['name'],
  run: (event: APIGatewayProxyEventV2, request: RequestContext & { channels: Table }) => Promise<ApiResponse>,
) =>
  authenticatedEndpoint(name, (event, request) =>
    run(event, { ...request, channels: new Table(request.session, CHANNELS_TABLE) }),
  );
