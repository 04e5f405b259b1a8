import { isDeepStrictEqual } from 'node:util';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import type { KeyedWrite } from './keyed-write.ts';
import { isContested, keysIn } from './upsert-keys.ts';
import type { ChannelVersions } from './versions.ts';

/** A write whose answer names a version of a channel. */
type Shown = KeyedWrite & { claim: Extract<KeyedWrite['claim'], { id: string }> };

const isShown = (write: KeyedWrite): write is Shown => 'id' in write.claim;

const marksOf = (document: ChannelDocument | undefined): string[] =>
  Object.keys(document?.integration_meta ?? {}).filter((key) => /^m\d+$/.test(key));

const describe = ({ namespace, key, mark, by, start, end, claim }: KeyedWrite): string => {
  const version = 'id' in claim ? ` ${claim.id} version ${claim.version}` : '';
  return `${by} of ${key} in ${namespace} (${mark ?? 'no mark'}, ${start} to ${end}) says ${claim.kind}${version}`;
};

interface Place {
  id: string;
  version: number;
}
type Places = Map<string, Place[]>;

/**
 * Adds to `places` where the marks of one channel appear.
 * @param replacing the marks of writes that remove all other metadata
 * @returns sentences about versions without a new mark, and about marks that are lost, or should be
 */
const collectMarks = (
  id: string,
  { documents }: ChannelVersions,
  replacing: Set<string>,
  places: Places,
): string[] =>
  [...documents].flatMap(([version, document]) => {
    if (!document) return [];
    const [before, now] = [marksOf(documents.get(version - 1)), marksOf(document)];
    const added = now.filter((mark) => !before.includes(mark));
    for (const mark of added) places.set(mark, [...(places.get(mark) ?? []), { id, version }]);
    const isReplaced = added.some((mark) => replacing.has(mark));
    const lost = isReplaced ? [] : before.filter((mark) => !now.includes(mark));
    const kept = isReplaced ? before.filter((mark) => now.includes(mark)) : [];
    return [
      ...(added.length === 1 ? [] : [`version ${version} of ${id} has the new marks ${added}`]),
      ...(lost.length ? [`version ${version} of ${id} lost the marks ${lost}`] : []),
      ...(kept.length
        ? [`version ${version} of ${id} still has the marks ${kept}, which a PUT removes`]
        : []),
    ];
  });

/** Whether the answer fits where the mark of the write is. */
const isRightMark = ({ claim }: KeyedWrite, places: Place[]): boolean => {
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

/** When a channel of a namespace carried a key for certain: after `from`, and before `to`. */
interface Presence {
  namespace: string;
  key: string;
  id: string;
  from: number;
  to: number;
}

const placeOf = ({ namespace, key }: Pick<KeyedWrite, 'namespace' | 'key'>) => `${namespace} ${key}`;

/** Whether a write may take a key from a channel of a namespace. */
const isEnding = ({ isDeletion, newKey, newNamespaces }: KeyedWrite, namespace: string): boolean =>
  isDeletion || newKey !== undefined || (newNamespaces !== undefined && !newNamespaces.includes(namespace));

/** @param keys all keys that answers show the channel with. @returns whether the write may have reached the channel */
const mayReach = (write: KeyedWrite, id: string, keys: string[], createdAt: number): boolean => {
  const { claim, target, end } = write;
  if ('id' in claim) return claim.id === id;
  // What ended before the channel was there reached another one, even if it arrives late: it was meant for a version.
  const reaches = target === undefined ? keys.includes(write.key) : target === id;
  return claim.kind === 'unknown' && reaches && end > createdAt;
};

/** @param shown all answers that show the channel. @returns one presence for each namespace and key that the answers show */
const presencesOf = (id: string, shown: Shown[], writes: KeyedWrite[]): Presence[] => {
  const createdAt = shown.find(({ claim }) => claim.kind === 'created')?.start ?? 0;
  const all = shown.flatMap(({ claim: { document }, end }) =>
    document.company_namespace.flatMap((namespace) =>
      keysIn(document).map((key) => ({ namespace, key, end })),
    ),
  );
  const keys = all.map(({ key }) => key);
  const reaching = writes.filter((write) => mayReach(write, id, keys, createdAt));
  return [...Map.groupBy(all, placeOf).values()].flatMap((own) => {
    const { namespace, key } = own[0] as Pick<KeyedWrite, 'namespace' | 'key'>;
    const endings = reaching.filter((write) => isEnding(write, namespace));
    return {
      namespace,
      key,
      id,
      from: Math.min(...own.map(({ end }) => end)),
      to: Math.min(...endings.map(({ start }) => start)),
    };
  });
};

/** Whether the answer says that no channel carried the key, or no other one than the deleted. */
const saysNoOther = ({ by, claim }: KeyedWrite) =>
  by === 'upsert' && ['absent', 'created', 'deleted'].includes(claim.kind);

const fieldsOfChange = ['name', 'local_name', 'disabled', 'integration_meta', 'company_namespace'] as const;

/** The channel before the write whose mark is here, and after it. Before a creation, there is no channel. */
const changeAt = ({ id, version }: Place, versions: Map<string, ChannelVersions>) => {
  const documents = versions.get(id)?.documents;
  return { before: documents?.get(version - 1), after: documents?.get(version) };
};

/** @param place where the mark of the write is. @returns whether the write did what its API key may not do */
const judgeRights = (
  { namespace, held }: KeyedWrite,
  place: Place,
  versions: Map<string, ChannelVersions>,
): string | undefined => {
  const { before, after } = changeAt(place, versions);
  const [old, now] = [before?.company_namespace ?? [], after?.company_namespace ?? []];
  const reached = before ? old : now;
  if (!reached.includes(namespace)) return `the channel is in ${reached}`;
  const moved = [
    ...old.filter((each) => !now.includes(each)),
    ...now.filter((each) => !old.includes(each)),
  ].filter((each) => !held.includes(each));
  return moved.length ? `it moved the channel into or out of ${moved}` : undefined;
};

/** What is wrong with the channel that a row of an upsert shows. @param place where the mark of the row is */
const judgeRow = (
  { namespace, key, where, claim }: Shown,
  place: Place | undefined,
  versions: Map<string, ChannelVersions>,
): string | undefined => {
  const { document, changed } = claim;
  if (!keysIn(document).includes(key)) return `the channel carries ${keysIn(document)}`;
  if (!document.company_namespace.includes(namespace))
    return `the channel is in ${document.company_namespace}`;
  const source = document.integration_meta?.source;
  if (where !== undefined && source !== where) return `the source of the channel is ${source}, not ${where}`;
  if (claim.kind !== 'updated' || !place) return undefined;
  const { before, after } = changeAt(place, versions);
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
  const [place] = own;
  const wrong = place && judgeRights(write, place, versions);
  if (wrong !== undefined || !isShown(write)) return wrong;
  const { kind, document } = write.claim;
  if (kind === 'deleted' && !document.company_namespace.every((each) => write.held.includes(each)))
    return `it deleted a channel of ${document.company_namespace}`;
  if (!isRightDocument(write, versions)) return 'the events say otherwise';
  return write.by === 'upsert' ? judgeRow(write, place, versions) : undefined;
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
 * - a PUT removes the metadata that was there, and no other write does;
 * - a write was done exactly once if its answer says so, at most once if its answer is unknown, and otherwise never;
 * - a write reaches only channels of its namespace, and moves and deletes them only where its API key may;
 * - a row of an upsert shows a channel of its key and source, and names exactly the fields that it changed;
 * - no upsert created a channel, or found none, while a channel of its namespace carried the key, and none deleted one of two;
 * - a key is ambiguous only if other writes gave it to channels.
 * @returns one sentence for each fault
 */
export const judgeUpserts = (writes: KeyedWrite[], versions: Map<string, ChannelVersions>): string[] => {
  const places: Places = new Map();
  const replacing = new Set(writes.flatMap(({ replacesMeta, mark = '' }) => (replacesMeta ? mark : [])));
  const wrongMarks = [...versions].flatMap(([id, own]) => collectMarks(id, own, replacing, places));
  const wrongAnswers = writes.flatMap((write) => {
    const problem = judgeAnswer(write, places, versions);
    return problem === undefined ? [] : [`${describe(write)}, and ${problem}`];
  });
  const byPlace = Map.groupBy(writes, placeOf);
  const byChannel = [...Map.groupBy(writes.filter(isShown), ({ claim }) => claim.id)];
  const wrongOrders = byChannel.flatMap(([id, shown]) => {
    const overlooked = presencesOf(id, shown, writes).flatMap((presence) =>
      judgePresence(presence, byPlace.get(placeOf(presence)) ?? []),
    );
    return [...judgeOrder(id, shown), ...overlooked];
  });
  return [...wrongMarks, ...wrongAnswers, ...wrongOrders];
};
