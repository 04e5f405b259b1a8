import { ApiError } from '../api-error.ts';
import { openText, type SealSecrets, sealText } from '../sealed-text.ts';
import type { ChannelKey } from './version-items.ts';

const format = 3;

const purposeFor = ({ namespace, id }: ChannelKey) =>
  `client-channels read-history ${format} ${namespace} ${id}`;

/** Makes the text of a cursor for a client: it stands after a version of one channel. @param sortKey that of the version */
export const sealHistoryCursor = (sortKey: string, channel: ChannelKey, secrets: SealSecrets): string =>
  sealText(sortKey, format, purposeFor(channel), secrets);

/**
 * Opens a text that `sealHistoryCursor` made. @returns the sort key of the version
 * @throws ApiError `invalid_cursor` for any other text: of another channel or namespace, sealed with a secret that is gone,
 * or changed
 */
export const openHistoryCursor = (text: string, channel: ChannelKey, secrets: SealSecrets): string => {
  try {
    return openText(text, format, purposeFor(channel), secrets);
  } catch (cause) {
    throw new ApiError('invalid_cursor', 'The cursor is not valid: start again without a cursor.', { cause });
  }
};
