import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { readChannelId } from '../channels/channel-id.ts';
import { notFound } from '../channels/rules.ts';
import { ApiError } from '../errors.ts';

/**
 * The channel that the path names.
 * @throws ApiError `not_found` for what is no id: there is no such channel.
 */
export const channelIdIn = ({ pathParameters }: APIGatewayProxyEventV2): string => {
  const id = readChannelId(pathParameters?.id ?? '');
  if (!id) throw notFound();
  return id;
};

/** @throws ApiError `invalid_request` for any query parameter: what is not understood must not be passed over. */
export const refuseParameters = ({ rawQueryString }: APIGatewayProxyEventV2): void => {
  const names = [...new Set(new URLSearchParams(rawQueryString).keys())];
  if (!names.length) return;
  throw new ApiError('invalid_request', 'This operation takes no query parameters.', {
    details: names.map((path) => ({ path, message: 'is not a parameter of this operation' })),
  });
};
