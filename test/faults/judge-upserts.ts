import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { isContested, type KeyedWrite } from './upsert-clients.ts';
import type { ChannelVersions } from './versions.ts';

/** A write whose answer names a version of a channel. */
type Shown = KeyedWrite & { claim: { id: string; version: number; document: ChannelDocument } };

const isShown = (write: KeyedWrite): write is Shown => 'id' in write.claim;

const marksOf = (document: ChannelDocument | undefined): string[] =>
  Object.keys(document?.integration_meta ?? {}).filter((key) => /^m\d+$/.test(key));

const describe = ({ key, mark, by, start, end, claim }: KeyedWrite): string => {
  const version = 'id' in claim ? ` ${claim.id} version ${claim.version}` : '';
  return `${by} of ${key} (${mark ?? 'no mark'}, ${start} to ${end}) says ${claim.kind}${version}`;
};

/** Where each mark appears for the first time, and sentences about versions that lost a mark, or that got none. */
const readMarks = (versions: Map<string, ChannelVersions>) => {
  const places = new Map<string, { id: string; version: number }[]>();
  const problems: string[] = [];
  for (const [id, { documents }] of versions)
    for (const [version, document] of documents) {
      if (!document) continue;
      const [before, now] = [marksOf(documents.get(version - 1)), marksOf(document)];
      const added = now.filter((mark) => !before.includes(mark));
      for (const mark of added) places.set(mark, [...(places.get(mark) ?? []), { id, version }]);
      if (added.length !== 1) problems.push(`version ${version} of ${id} has the new marks ${added}`);
      const lost = before.filter((mark) => !now.includes(mark));
      if (lost.length) problems.push(`version ${version} of ${id} lost the marks ${lost}`);
    }
  return { places, problems };
};

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

/** When a channel with the key was there for certain: after `from`, and before `to`. */
interface Presence {
  key: string;
  id: string;
  from: number;
  to: number;
}

const presenceOf = (id: string, shown: Shown[], writes: KeyedWrite[]): Presence => {
  const { key } = shown[0] as Shown;
  const deletions = writes.filter(
    ({ isDeletion, claim, key: of }) =>
      isDeletion && of === key && (claim.kind === 'unknown' || ('id' in claim && claim.id === id)),
  );
  return {
    key,
    id,
    from: Math.min(...shown.map(({ end }) => end)),
    to: Math.min(...deletions.map(({ start }) => start)),
  };
};

/** Whether the answer says that no channel carried the key. */
const saysAbsent = ({ by, claim }: KeyedWrite) =>
  by === 'upsert' && (claim.kind === 'absent' || claim.kind === 'created');

/**
 * Judges the answers to writes of keys by the versions of all channels, as the events show them:
 * - each answer shows a version that was there, and no older one than an answer before it;
 * - a write was done exactly once if its answer says so, at most once if its answer is unknown, and otherwise never;
 * - no upsert created a channel, or found none, while a channel carried the key;
 * - a key is ambiguous only if a POST gave it to channels.
 * @returns one sentence for each fault
 */
export const judgeUpserts = (writes: KeyedWrite[], versions: Map<string, ChannelVersions>): string[] => {
  const { places, problems } = readMarks(versions);
  const shown = writes.filter(isShown);
  const byChannel = Map.groupBy(shown, ({ claim }) => claim.id);
  const byKey = Map.groupBy(writes, ({ key }) => key);

  for (const write of writes) {
    if (write.mark !== undefined && !isRightMark(write, places.get(write.mark) ?? []))
      problems.push(`${describe(write)}, and its mark is in ${JSON.stringify(places.get(write.mark) ?? [])}`);
    if (write.claim.kind === 'ambiguous' && !isContested(write.key))
      problems.push(`${describe(write)}, and only upserts created channels with this key`);
  }
  for (const write of shown)
    if (!isRightDocument(write, versions)) problems.push(`${describe(write)}, and the events say otherwise`);

  const presences: Presence[] = [];
  for (const [id, own] of byChannel) {
    for (const late of own) {
      const newer = own.find(({ claim, end }) => claim.version > late.claim.version && end < late.start);
      if (newer) problems.push(`${describe(late)}, although before it ${describe(newer)}`);
    }
    const deletions = own.filter(({ claim }) => claim.kind === 'deleted');
    if (deletions.length > 1) problems.push(`${id} was deleted ${deletions.length} times`);
    presences.push(presenceOf(id, own, byKey.get((own[0] as Shown).key) ?? []));
  }
  for (const { key, id, from, to } of presences)
    for (const write of byKey.get(key) ?? []) {
      const isOwn = 'id' in write.claim && write.claim.id === id;
      if (saysAbsent(write) && !isOwn && from < write.start && write.end < to)
        problems.push(`${describe(write)}, although ${id} was there from ${from} to ${to}`);
    }
  return problems;
};
