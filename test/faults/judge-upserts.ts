import { isDeepStrictEqual } from 'node:util';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { isContested, type KeyedWrite, keyIn } from './upsert-clients.ts';
import type { ChannelVersions } from './versions.ts';

/** A write whose answer names a version of a channel. */
type Shown = KeyedWrite & { claim: Extract<KeyedWrite['claim'], { id: string }> };

const isShown = (write: KeyedWrite): write is Shown => 'id' in write.claim;

const marksOf = (document: ChannelDocument | undefined): string[] =>
  Object.keys(document?.integration_meta ?? {}).filter((key) => /^m\d+$/.test(key));

const describe = ({ key, mark, by, start, end, claim }: KeyedWrite): string => {
  const version = 'id' in claim ? ` ${claim.id} version ${claim.version}` : '';
  return `${by} of ${key} (${mark ?? 'no mark'}, ${start} to ${end}) says ${claim.kind}${version}`;
};

type Places = Map<string, { id: string; version: number }[]>;

/** Adds to `places` where the marks of one channel appear. @returns sentences about lost marks, and versions without one */
const collectMarks = (id: string, { documents }: ChannelVersions, places: Places): string[] =>
  [...documents].flatMap(([version, document]) => {
    if (!document) return [];
    const [before, now] = [marksOf(documents.get(version - 1)), marksOf(document)];
    const added = now.filter((mark) => !before.includes(mark));
    for (const mark of added) places.set(mark, [...(places.get(mark) ?? []), { id, version }]);
    const lost = before.filter((mark) => !now.includes(mark));
    return [
      ...(added.length === 1 ? [] : [`version ${version} of ${id} has the new marks ${added}`]),
      ...(lost.length ? [`version ${version} of ${id} lost the marks ${lost}`] : []),
    ];
  });

/** Whether the answer fits where the mark of the write is. */
const isRightMark = ({ claim }: KeyedWrite, places: { id: string; version: number }[]): boolean => {
  if (claim.kind === 'unknown') return places.length <= 1;
  if (claim.kind !== 'created' && claim.kind !== 'updated') return places.length === 0;
  const [place] = places;
  if (places.length !== 1 || place?.id !== claim.id) return false;
  // After a lost answer, an update in place may show the next version (docs/guarantees.md, "What a lost answer does").
  return place.version === claim.version || (claim.kind === 'updated' && place.version === claim.version - 1);
};

const isRightDocument = ({ claim }: Shown, versions: Map<string, ChannelVersions>): boolean => {
  const documents = versions.get(claim.id)?.documents;
  const shown = claim.kind === 'deleted' ? claim.version - 1 : claim.version;
  if (claim.kind === 'deleted' && !(documents?.has(claim.version) && !documents.get(claim.version)))
    return false;
  if (claim.kind === 'created' && claim.version !== 0) return false;
  return JSON.stringify(documents?.get(shown)) === JSON.stringify(claim.document);
};

/** When a channel carried a key for certain: after `from`, and before `to`. */
interface Presence {
  key: string;
  id: string;
  from: number;
  to: number;
}

/** @param write a deletion, or a change of the key. @returns whether it may have taken the key from the channel */
const mayEnd = (write: KeyedWrite, id: string, key: string, createdAt: number): boolean => {
  const { claim, target, end } = write;
  if ('id' in claim) return claim.id === id;
  // What ended before the channel was there reached another one, even if it arrives late: it was meant for a version.
  const reaches = target === undefined ? write.key === key : target === id;
  return claim.kind === 'unknown' && reaches && end > createdAt;
};

/**
 * @param shown all answers that show the channel
 * @param endings all deletions and changes of keys
 * @returns one presence for each key that the answers show
 */
const presencesOf = (id: string, shown: Shown[], endings: KeyedWrite[]): Presence[] => {
  const createdAt = shown.find(({ claim }) => claim.kind === 'created')?.start ?? 0;
  return [...Map.groupBy(shown, ({ claim }) => keyIn(claim.document))].map(([key, own]) => ({
    key,
    id,
    from: Math.min(...own.map(({ end }) => end)),
    to: Math.min(...endings.filter((write) => mayEnd(write, id, key, createdAt)).map(({ start }) => start)),
  }));
};

/** Whether the answer says that no channel carried the key, or no other one than the deleted. */
const saysNoOther = ({ by, claim }: KeyedWrite) =>
  by === 'upsert' && ['absent', 'created', 'deleted'].includes(claim.kind);

const fieldsOfChange = ['name', 'local_name', 'disabled', 'integration_meta', 'company_namespace'] as const;

/** What is wrong with the channel that a row of an upsert shows. @param place where the mark of the row is */
const judgeRow = (
  { key, where, claim }: Shown,
  place: { id: string; version: number } | undefined,
  versions: Map<string, ChannelVersions>,
): string | undefined => {
  const { document, changed } = claim;
  if (keyIn(document) !== key) return `the channel carries ${keyIn(document)}`;
  const source = document.integration_meta?.source;
  if (where !== undefined && source !== where) return `the source of the channel is ${source}, not ${where}`;
  if (claim.kind !== 'updated' || !place) return undefined;
  const documents = versions.get(place.id)?.documents;
  const [before, after] = [documents?.get(place.version - 1), documents?.get(place.version)];
  const own = fieldsOfChange.filter((field) => !isDeepStrictEqual(before?.[field], after?.[field]));
  return isDeepStrictEqual(changed, own) ? undefined : `it changed ${own}, and says ${changed}`;
};

/** @returns what is wrong with one answer on its own */
const judgeAnswer = (
  write: KeyedWrite,
  places: Places,
  versions: Map<string, ChannelVersions>,
): string | undefined => {
  const own = (write.mark !== undefined && places.get(write.mark)) || [];
  if (write.mark !== undefined && !isRightMark(write, own)) return `its mark is in ${JSON.stringify(own)}`;
  if (write.claim.kind === 'ambiguous' && !isContested(write.key))
    return 'only upserts created channels with this key';
  if (!isShown(write)) return undefined;
  if (!isRightDocument(write, versions)) return 'the events say otherwise';
  return write.by === 'upsert' ? judgeRow(write, own[0], versions) : undefined;
};

/** @returns sentences about answers that contradict earlier answers about the same channel */
const judgeOrder = (id: string, shown: Shown[]): string[] => {
  const deletions = shown.filter(({ claim }) => claim.kind === 'deleted').length;
  const outdated = shown.flatMap((late) => {
    const newer = shown.find(({ claim, end }) => claim.version > late.claim.version && end < late.start);
    return newer ? [`${describe(late)}, although before it ${describe(newer)}`] : [];
  });
  return [...outdated, ...(deletions > 1 ? [`${id} was deleted ${deletions} times`] : [])];
};

/** @param writes those of the key. @returns sentences about upserts that overlooked the channel */
const judgePresence = ({ id, from, to }: Presence, writes: KeyedWrite[]): string[] =>
  writes
    .filter((write) => saysNoOther(write) && !('id' in write.claim && write.claim.id === id))
    .filter(({ start, end }) => from < start && end < to)
    .map((write) => `${describe(write)}, although ${id} was there from ${from} to ${to}`);

/**
 * Judges the answers to writes of keys by the versions of all channels, as the events show them:
 * - each answer shows a version that was there, and no older one than an answer before it;
 * - a write was done exactly once if its answer says so, at most once if its answer is unknown, and otherwise never;
 * - a row of an upsert shows a channel of its key and source, and names exactly the fields that it changed;
 * - no upsert created a channel, or found none, while a channel carried the key, and none deleted one of two;
 * - a key is ambiguous only if a POST or PATCH gave it to channels.
 * @returns one sentence for each fault
 */
export const judgeUpserts = (writes: KeyedWrite[], versions: Map<string, ChannelVersions>): string[] => {
  const places: Places = new Map();
  const wrongMarks = [...versions].flatMap(([id, own]) => collectMarks(id, own, places));
  const wrongAnswers = writes.flatMap((write) => {
    const problem = judgeAnswer(write, places, versions);
    return problem === undefined ? [] : [`${describe(write)}, and ${problem}`];
  });
  const byKey = Map.groupBy(writes, ({ key }) => key);
  const endings = writes.filter(({ isDeletion, newKey }) => isDeletion || newKey !== undefined);
  const byChannel = [...Map.groupBy(writes.filter(isShown), ({ claim }) => claim.id)];
  const wrongOrders = byChannel.flatMap(([id, shown]) => {
    const overlooked = presencesOf(id, shown, endings).flatMap((presence) =>
      judgePresence(presence, byKey.get(presence.key) ?? []),
    );
    return [...judgeOrder(id, shown), ...overlooked];
  });
  return [...wrongMarks, ...wrongAnswers, ...wrongOrders];
};
