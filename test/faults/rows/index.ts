import type { FaultRow } from '../fault-row.ts';
import { changeFeed } from './change-feed.ts';
import { concurrentUpdates } from './concurrent-updates.ts';
import { conflicts } from './conflicts.ts';
import { cursorWalks } from './cursor-walks.ts';
import { differentClocks } from './different-clocks.ts';
import { killedWrites } from './killed-writes.ts';
import { lostAndRefused, lostResponses } from './lost-responses.ts';
import { outages } from './outages.ts';
import { repeatedCreations } from './repeated-creations.ts';
import { restores } from './restores.ts';
import { sharedExternalId } from './shared-external-id.ts';
import { stoppedProjector } from './stopped-projector.ts';
import { rejectedEntries, repeatedRecords } from './storms.ts';
import { throttledCalls } from './throttled-calls.ts';
import { upserts } from './upserts.ts';

/**
 * The rows of the fault table, in its order. Outages and throttling use up the retries that the SDK allows a client; it
 * wins them back with each call that succeeds.
 */
export const faultRows: FaultRow[] = [
  throttledCalls,
  outages,
  lostResponses,
  lostAndRefused,
  differentClocks,
  stoppedProjector,
  conflicts,
  sharedExternalId,
  upserts,
  changeFeed,
  restores,
  killedWrites,
  concurrentUpdates,
  repeatedCreations,
  cursorWalks,
  repeatedRecords,
  rejectedEntries,
];
