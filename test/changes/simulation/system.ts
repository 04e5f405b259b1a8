/** The production code that the simulation runs. `load-system.ts` bundles it from here. */
export { ApiError } from '../../../lib/api-error.ts';
export { openChangeCursor, sealChangeCursor } from '../../../lib/changes/change-cursor.ts';
export { readChanges } from '../../../lib/changes/read-changes.ts';
export { toDocument } from '../../../lib/channels/channel.ts';
export { fromItem } from '../../../lib/channels/items.ts';
export { keys, namespaceOf, readTombstoneKey } from '../../../lib/channels/keys.ts';
export { planChannelWrites } from '../../../lib/channels/plan-channel-writes.ts';
export { isTransient } from '../../../lib/dynamodb/failures.ts';
export { Meter } from '../../../lib/dynamodb/meter.ts';
export { RememberedRecords } from '../../../lib/dynamodb/remembered-records.ts';
export { Table } from '../../../lib/dynamodb/table.ts';
export { beginGeneration } from '../../../lib/projections/change-log/log-head.ts';
export { headKey } from '../../../lib/projections/change-log/log-items.ts';
export { numberChanges } from '../../../lib/projections/change-log/number-changes.ts';
