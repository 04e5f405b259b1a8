import { ChannelsError } from '../../channels-error.ts';

/** @returns the error of the service, if it refused one channel alone. @throws any other error */
export const refusal = (error: unknown): ChannelsError => {
  if (error instanceof ChannelsError && [403, 404, 409, 412].includes(error.status)) return error;
  throw error;
};
