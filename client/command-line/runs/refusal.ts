import { ChannelsError } from '../../channels-error.ts';

/** Statuses that concern a channel alone: other channels of the same command can succeed. */
const ofOneChannel = [400, 403, 404, 409, 412, 413];

/** @returns the error of the service, if it refused one channel alone. @throws any other error */
export const refusal = (error: unknown): ChannelsError => {
  if (error instanceof ChannelsError && ofOneChannel.includes(error.status)) return error;
  throw error;
};
