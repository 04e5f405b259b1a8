import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import type { BusEvent } from '../../local/event-bus.ts';
import { type State, stateIn } from './channel-model.ts';

/** What the events say of one channel. */
export interface ChannelVersions {
  /** The document of each version. Undefined for the version of a deletion. */
  documents: Map<number, ChannelDocument | undefined>;
  /** The events by id, without repetitions. */
  ids: Set<string>;
  /** Sentences about events that contradict each other. */
  contradictions: string[];
}

const newVersions = (): ChannelVersions => ({ documents: new Map(), ids: new Set(), contradictions: [] });

/** Collects the versions of all channels from their events. */
export const collectVersions = (events: readonly BusEvent[]): Map<string, ChannelVersions> => {
  const channels = new Map<string, ChannelVersions>();
  for (const { detail } of events) {
    const { id, version, channel, previous } = detail;
    const { _id } = channel ?? previous;
    const own = channels.get(_id) ?? newVersions();
    channels.set(_id, own);
    own.ids.add(id);
    const known = own.documents.get(version);
    // In a namespace that the channel left, the version is a deletion. Another namespace may show its document.
    if (!known) own.documents.set(version, channel ?? undefined);
    else if (channel && JSON.stringify(channel) !== JSON.stringify(known))
      own.contradictions.push(`two events show another version ${version} of ${_id}`);
  }
  return channels;
};

/** The ids that the events of these versions must have: one for each namespace that sees the change. */
const expectedIds = (id: string, documents: ChannelVersions['documents']): string[] =>
  [...documents].flatMap(([version, document]) => {
    const before = documents.get(version - 1)?.company_namespace ?? [];
    const seenBy = new Set([...before, ...(document?.company_namespace ?? [])]);
    return [...seenBy].map((namespace) => `${namespace}:${id}:${version}`);
  });

/** Sentences about events of a channel that are missing, or that no version explains. */
export const findWrongEvents = (
  id: string,
  { documents, ids, contradictions }: ChannelVersions,
): string[] => {
  const last = Math.max(...documents.keys());
  const skipped = Array.from({ length: last }, (_, version) => version).filter(
    (version) => !documents.has(version),
  );
  const expected = expectedIds(id, documents);
  return [
    ...contradictions,
    ...skipped.map((version) => `no event shows version ${version} of ${id}`),
    ...expected.filter((each) => !ids.has(each)).map((each) => `the event ${each} is missing`),
    ...[...ids]
      .filter((each) => !expected.includes(each))
      .map((each) => `nothing explains the event ${each}`),
  ];
};

/** The states of the versions, for a model that knows no times. */
export const statesOf = ({ documents }: ChannelVersions): Map<number, State> =>
  new Map([...documents].map(([version, document]) => [version, document && stateIn(document)]));

/** Sentences about documents that differ from the version that they claim to be, and about times that go back. */
export const findWrongDocuments = ({ documents }: ChannelVersions, shown: ChannelDocument[]): string[] => {
  const wrong = shown.filter(
    (document) => JSON.stringify(document) !== JSON.stringify(documents.get(document.__v)),
  );
  const late = [...documents.values()].filter((document) => {
    // A restore follows a deletion, which has no document.
    const before = document && (documents.get(document.__v - 1) ?? documents.get(document.__v - 2));
    return before && before.updatedAt >= document.updatedAt;
  });
  return [
    ...wrong.map(({ _id, __v }) => `an answer shows another version ${__v} of ${_id} than its event`),
    ...late.map(
      (document) => `the time of version ${document?.__v} of ${document?._id} is not after the one before`,
    ),
  ];
};
