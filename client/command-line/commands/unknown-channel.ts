import { ChannelsError } from '../../channels-error.ts';
import { CommandError, exitCodes } from '../command-error.ts';

/** For the help of commands that take an id. */
export const idUsage = `The id is the _id of the channel. To find it by the external id:
  client-channels export --integration_meta.external_id 1001`;

/**
 * Says in words of the command that the service knows no channel with an id. Throws any other error again.
 * @param period for how long the service remembers a deleted channel
 * @throws CommandError
 */
export const explainUnknown =
  (id: string, namespace: string, period: string) =>
  (error: unknown): never => {
    if (!(error instanceof ChannelsError && error.code === 'not_found')) throw error;
    const advice = /^[0-9a-f]{24}$/i.test(id)
      ? ''
      : ` An _id has 24 hex digits. To find it by the external id: client-channels export --integration_meta.external_id ${id}`;
    throw new CommandError(
      exitCodes.failed,
      `The namespace ${namespace} has no channel with the _id ${id}, and had none within ${period}.${advice}`,
    );
  };
