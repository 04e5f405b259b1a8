import { createdAtOf } from './channel-id.ts';
import type { ChannelDocument } from './document-schema.ts';

/** A channel as the service stores it. */
export interface Channel {
  _id: string;
  name: string;
  local_name?: string;
  disabled: boolean;
  /** JSON text with sorted keys. Equal objects have equal texts, and no number or key changes on the way. */
  integration_meta?: string;
  company_namespace: string[];
  /** Milliseconds since the epoch. It increases with every change. */
  updatedAt: number;
  __v: number;
  /** The id of the write that made this version. A repeated write recognises its own result by it. */
  writeId: string;
  /**
   * The id of the write before that one. It is kept because another writer may come between a write and its repetition.
   * Absent in the first version.
   */
  previousWriteId?: string;
  /** The id of the API key that made this version. */
  writtenBy: string;
  /** The version that the last restore made. It tells a restore from a channel that joins a namespace. */
  restoredVersion?: number;
}

/** The document of a channel, as clients see it. */
export const toDocument = (channel: Channel): ChannelDocument => ({
  _id: channel._id,
  name: channel.name,
  ...(channel.local_name !== undefined && { local_name: channel.local_name }),
  disabled: channel.disabled,
  ...(channel.integration_meta !== undefined && { integration_meta: JSON.parse(channel.integration_meta) }),
  company_namespace: channel.company_namespace,
  createdAt: new Date(createdAtOf(channel._id)).toISOString(),
  updatedAt: new Date(channel.updatedAt).toISOString(),
  __v: channel.__v,
});
