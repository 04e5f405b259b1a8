import { existsSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ChannelsClient } from '../../client/index.ts';
import { backfill, type EventDetail, type PutIfNewer, toRow } from './copy.ts';
import { exitWithMessage } from './exit-with-message.ts';

const {
  URL: url = 'http://localhost:3030',
  KEY: key = '',
  NAMESPACE: namespace = 'company1',
  COPY_FOLDER: folder = mkdtempSync(join(tmpdir(), 'copy-')),
} = process.env;

/** Keeps the copy in a folder, with one JSON file for each row. */
const putIfNewer: PutIfNewer = async (row) => {
  const file = join(folder, `${row.id}.json`);
  if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version >= row.version) return false;
  // A rename is atomic, so a crash can't leave half a row.
  writeFileSync(`${file}.next`, JSON.stringify(row));
  renameSync(`${file}.next`, file);
  return true;
};

await backfill(new ChannelsClient({ url, key, namespace }), namespace, putIfNewer).catch(exitWithMessage);
console.log(`following ${namespace} in ${folder}`);

/** Stands in for EventBridge. Each response repeats the earlier events, which change nothing. */
for (;;) {
  const response = await fetch(`${url}/_local/events`).catch(() =>
    exitWithMessage(new Error(`The server at ${url} has stopped.`)),
  );
  const { data } = (await response.json()) as { data: { detail: EventDetail }[] };
  for (const { detail } of data) {
    if (detail.namespace !== namespace || !(await putIfNewer(toRow(detail)))) continue;
    const { id, version, channel } = toRow(detail);
    console.log(`${channel ? 'put' : 'deleted'} ${id} at version ${version}`);
  }
  await pause(250);
}
