import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { ApiError } from '../api-error.ts';
import { notFound } from '../channels/change-rules.ts';
import { parseChannelId } from '../channels/channel-id.ts';

/** The id in the path. @throws ApiError `not_found` for a malformed id, because no channel can have it */
export const channelIdIn = ({ pathParameters }: APIGatewayProxyEventV2): string => {
  const id = parseChannelId(pathParameters?.id ?? '');
  if (!id) throw notFound();
  return id;
};

/** Refuses all query parameters of an operation that takes none. @throws ApiError `invalid_request` */
export const refuseParameters = ({ rawQueryString }: APIGatewayProxyEventV2): void => {
  const names = [...new Set(new URLSearchParams(rawQueryString).keys())];
  if (!names.length) return;
  throw new ApiError('invalid_request', 'This operation takes no query parameters.', {
    details: names.map((path) => ({ path, message: 'is not a parameter of this operation' })),
  });
};
