import type { Replacement } from './load-system.ts';

/** The production code without one guard, or with a guard that is wrong. */
export interface Mutant {
  /** What the code no longer does. */
  without: string;
  replacements: Replacement[];
}

const cursors = 'lib/changes/change-cursor.ts';
const reader = 'lib/changes/read-changes.ts';
const head = 'lib/projections/change-log/log-head.ts';
const items = 'lib/projections/change-log/log-items.ts';
const sequencer = 'lib/projections/change-log/number-changes.ts';

export const mutants: Mutant[] = [
  {
    without: 'the compare-and-set of the head: an entry gets a number that another one has',
    replacements: [
      {
        file: items,
        find: "'generation = :generation AND lastNumber = :last'",
        replace: "'generation = :generation'",
      },
    ],
  },
  {
    without: 'the generation in the compare-and-set: entries go to a log that has ended',
    replacements: [
      {
        file: items,
        find: "'generation = :generation AND lastNumber = :last'",
        replace: "'lastNumber = :last'",
      },
    ],
  },
  {
    without: 'another attempt after the head has changed: a change gets no number',
    replacements: [
      {
        file: sequencer,
        find: 'if (error instanceof TransactionConditionFailed) return again;',
        replace: 'if (error instanceof TransactionConditionFailed) return undefined;',
      },
    ],
  },
  {
    without: 'the end at the first gap: a reader goes past an entry that it does not see yet',
    replacements: [
      {
        file: reader,
        find: 'return gap === -1 ? entries : entries.slice(0, gap);',
        replace: 'return entries;',
      },
    ],
  },
  {
    without: 'the strongly consistent read of the channels that changed',
    replacements: [
      {
        file: reader,
        find: 'keys.channel(namespace, id)));',
        replace: 'keys.channel(namespace, id)), { consistent: false });',
      },
    ],
  },
  {
    without: 'the strongly consistent read of the channels in a first reading',
    replacements: [
      {
        file: reader,
        find: '...channelsIn(namespace, range),',
        replace: '...channelsIn(namespace, range), ConsistentRead: false,',
      },
    ],
  },
  {
    without: 'the strongly consistent read of the entries',
    replacements: [{ file: items, find: 'ConsistentRead: true', replace: 'ConsistentRead: false' }],
  },
  {
    without: 'the strongly consistent read of the head',
    replacements: [
      {
        file: 'lib/dynamodb/table.ts',
        find: 'Key: key, ConsistentRead: true',
        replace: 'Key: key, ConsistentRead: false',
      },
    ],
  },
  {
    without: 'the read of the head before the channels: it is read after the first of them',
    replacements: [
      {
        file: reader,
        find: 'return readChannels(tables, request, start);',
        replace: `const page = await readChannels(tables, request, start);
          return { ...page, next: { ...page.next, number: (await readHead(tables.projections, namespace)).lastNumber } };`,
      },
    ],
  },
  {
    without: 'the number from the beginning of a first reading: each page takes the present one',
    replacements: [
      {
        file: reader,
        find: "if (cursor.phase === 'channels') return readChannels(tables, request, cursor);",
        replace: `if (cursor.phase === 'channels')
          return readChannels(tables, request, { ...cursor, number: head.lastNumber });`,
      },
    ],
  },
  {
    without: 'the writer of each entry: exclude_self looks at the last writer of the channel',
    replacements: [
      {
        file: reader,
        find: 'const entries = withoutGap(stored.items.map(toEntry), number);',
        replace: `const found = withoutGap(stored.items.map(toEntry), number);
          const ids = [...new Set(found.map(({ id }) => id))];
          const items = await tables.channels.batchGet(ids.map((id) => keys.channel(namespace, id)));
          const writers = new Map(items.map(({ sk, writtenBy }) => [sk, writtenBy]));
          const entries = found.map((entry) => ({ ...entry, by: writers.get(entry.id) ?? entry.by }));`,
      },
    ],
  },
  {
    without: 'one entry for each writer of a channel: only the last writer of a batch gets one',
    replacements: [{ file: sequencer, find: 'change.by}', replace: "''}" }],
  },
  {
    without: 'exclude_self: a reader gets its own changes',
    replacements: [{ file: reader, find: 'by !== excludedKey ||', replace: 'true ||' }],
  },
  {
    without: 'the own changes in a first reading',
    replacements: [{ file: reader, find: 'completedAt === null || by', replace: 'by' }],
  },
  {
    without: 'the own changes that were made while a first reading ran, and are numbered later',
    replacements: [{ file: reader, find: ' || (beganAt <= at && at <= completedAt)', replace: '' }],
  },
  {
    without: 'the time of the read at the end of the log: an idle reader expires',
    replacements: [
      {
        file: reader,
        find: 'time: hasMore ? (known?.numberedAt ?? cursor.time) : readAt',
        replace: 'time: known?.numberedAt ?? cursor.time',
      },
    ],
  },
  {
    without: 'the time of the entry before the end of the log: a cursor outlives the entries in front of it',
    replacements: [
      {
        file: reader,
        find: 'time: hasMore ? (known?.numberedAt ?? cursor.time) : readAt',
        replace: 'time: readAt',
      },
    ],
  },
  {
    without: 'the expiry of cursors',
    replacements: [{ file: reader, find: 'readAt - cursor.time > cursorLifetimeMs', replace: 'false' }],
  },
  {
    without: 'entries that outlive cursors',
    replacements: [{ file: items, find: '92 * daySeconds', replace: '75 * daySeconds' }],
  },
  {
    without: 'the skip of records without a new version',
    replacements: [{ file: sequencer, find: ' || before?.__v === after.__v', replace: '' }],
  },
  {
    without: 'the tombstones: a deletion gets no number',
    replacements: [
      {
        file: sequencer,
        find: 'const id = tombstoneOf ?? parseChannelId(sk);',
        replace: 'const id = parseChannelId(sk);',
      },
    ],
  },
  {
    without: 'the 410 for a cursor of another generation',
    replacements: [{ file: reader, find: 'cursor.generation !== head.generation ||', replace: '' }],
  },
  {
    without: 'the condition of a new generation: a late try sets it back to 0',
    replacements: [{ file: head, find: "ConditionExpression: 'generation = :generation',", replace: '' }],
  },
  {
    without: 'a generation that stays when several processes make the head',
    replacements: [{ file: head, find: 'if_not_exists(generation, :generation)', replace: ':generation' }],
  },
  {
    without: 'the end of a query at the head: a cursor is ahead of the head that a later request reads',
    replacements: [
      {
        file: items,
        find: "':last': entrySortKey(lastNumber)",
        replace: "':last': entrySortKey(lastNumber + 9)",
      },
    ],
  },
  {
    without: 'the rows that a page leaves out at 5 MiB: they are not sent later',
    replacements: [{ file: reader, find: 'entry.number < firstLeftOut', replace: 'true' }],
  },
  {
    without: 'the secret in the cursor: a rotated secret is taken for a changed cursor',
    replacements: [
      {
        file: cursors,
        find: 'if (secret === undefined) throw cursorExpired();',
        replace: 'if (secret === undefined) throw invalidCursor();',
      },
    ],
  },
];
