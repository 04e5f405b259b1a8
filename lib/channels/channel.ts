import { createdAtOf } from './channel-id.ts';

/** A channel as the service works with it and stores it. */
export interface Channel {
  _id: string;
  name: string;
  local_name?: string;
  disabled: boolean;
  /** JSON text with sorted keys: equal as text is equal as JSON, and no number or key is lost on the way. */
  integration_meta?: string;
  company_namespace: string[];
  /** Milliseconds since the epoch; it grows with every change. */
  updatedAt: number;
  __v: number;
  /** Names the write that made this version, so that a repeated write knows its own work. */
  writeId: string;
  /** The write before that: another writer may get in between a write and its repetition. Absent in a first version. */
  previousWriteId?: string;
  /** The id of the key that made this version. */
  writtenBy: string;
}

/** A channel as clients see it. */
export interface ChannelDocument {
  _id: string;
  name: string;
  local_name?: string;
  disabled: boolean;
  integration_meta?: Record<string, unknown>;
  company_namespace: string[];
  createdAt: string;
  updatedAt: string;
  __v: number;
}

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
