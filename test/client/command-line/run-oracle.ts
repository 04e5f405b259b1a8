import { isDeepStrictEqual } from 'node:util';
import type { Channel, UpsertRow } from '../../../client/index.ts';
import type { Version } from './versions.ts';

/** A line of the output of a command with `--json`. */
export interface Reported {
  line?: number;
  key?: string;
  _id?: string;
  __v?: number;
  result: string;
  code?: string;
  reason?: string;
}

/** What a run was given, what it says that it did, and what the service published meanwhile, also by other writers. */
export interface RunToCheck {
  rows: UpsertRow[];
  /** The rows that the service must refuse. */
  invalid?: UpsertRow[];
  /** The value of `integration_meta.source` that a sync is for. */
  source?: string;
  reported: Reported[];
  before: Channel[];
  versions: Version[];
  /** The id of the key of the run. */
  actor: string;
  /** The keys of the rows that were sent and had no answer when the run was killed. */
  unanswered?: Set<string>;
}

/** The objects of `fetch` have other prototypes than those of a test. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value ?? null));
const isEqual = (one: unknown, other: unknown) => isDeepStrictEqual(plain(one), plain(other));

const keyOf = ({ integration_meta }: { integration_meta?: Record<string, unknown> }) =>
  integration_meta?.external_id as string | undefined;
const sourceOf = ({ integration_meta }: Channel) => integration_meta?.source;
export const contentOf = ({ _id, __v, createdAt, updatedAt, ...content }: Channel) => content;

export const isChange = ({ result }: Reported) => ['created', 'updated', 'deleted'].includes(result);

/** The content of a channel after a row. Undefined if there is none. */
const applied = (channel: Channel | undefined, row: UpsertRow, source: string | undefined) => {
  if ('delete' in row) return undefined;
  const { name, local_name, disabled, integration_meta } = row;
  const { local_name: old, ...content } = channel ? contentOf(channel) : { disabled: false };
  const newLocalName = local_name === undefined ? old : local_name;
  const merged = {
    ...(channel?.integration_meta ?? (source && { source })),
    ...integration_meta,
  };
  return {
    ...content,
    ...(name !== undefined && { name }),
    ...(newLocalName && { local_name: newLocalName }),
    ...(typeof disabled === 'boolean' && { disabled }),
    integration_meta: Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)),
  };
};

const withoutNamespaces = (channel: object | undefined) => {
  if (!channel) return undefined;
  const { company_namespace: _, ...content } = channel as Channel;
  return content;
};
const isSameContent = (channel: Channel | undefined, content: object | undefined) =>
  isEqual(withoutNamespaces(channel && contentOf(channel)), withoutNamespaces(content));

const resultOf = ({ before, after }: Version) => {
  if (!after) return 'deleted';
  return before ? 'updated' : 'created';
};

/**
 * The versions that a run made for the key of a row. No request finds a channel that the run created, and somebody else deleted, while the
 * answer was lost. So the run does the row once more, and the lost creation does not count.
 */
const ownVersionsOf = (row: UpsertRow, reported: Reported, { versions, actor, unanswered }: RunToCheck) => {
  const key = keyOf(row) as string;
  const isLost = ({ _id, before }: Version) =>
    !before &&
    _id !== reported._id &&
    unanswered?.has(key) &&
    versions.some((version) => version._id === _id && !version.after && version.actor !== actor);
  return versionsOfKey(versions, key).filter((version) => version.actor === actor && !isLost(version));
};

const versionsOfKey = (versions: Version[], key: string | undefined) =>
  versions.filter(({ before, after }) => keyOf((after ?? before) as Channel) === key);

/** Why the result of a row that the run has written is wrong. */
const problemOfWrite = (
  row: UpsertRow,
  version: Version,
  { result, _id, __v }: Reported,
  source?: string,
) => {
  const done = resultOf(version);
  if (!isEqual([result, _id, __v], [done, version._id, version.version]))
    return `it was ${done} in version ${version.version} of ${version._id}`;
  return isSameContent(version.after, applied(version.before, row, source)) ? undefined : 'wrong content';
};

/** Why the result of a row is wrong. Undefined if it is right. */
const problemOfRow = (row: UpsertRow, reported: Reported | undefined, run: RunToCheck) => {
  const { before, versions, invalid = [], source } = run;
  if (!reported) return 'it is not reported';
  const own = ownVersionsOf(row, reported, run);
  const { result, code } = reported;
  if (own.length > 1) return 'it was written twice';
  if (own[0]) return problemOfWrite(row, own[0], reported, source);
  if (invalid.includes(row))
    return result === 'failed' && code === 'invalid_request' ? undefined : 'it is invalid';
  // What the run can have found: the channel before the run, and after each write of others.
  const key = keyOf(row);
  const states = [
    before.find((channel) => keyOf(channel) === key),
    ...versionsOfKey(versions, key).map(({ after }) => after),
  ];
  if (result === 'unchanged' && states.some((state) => isSameContent(state, applied(state, row, source))))
    return undefined;
  const isOutside = (state: Channel | undefined) => state && source && sourceOf(state) !== source;
  if (code === 'outside_where' && states.some(isOutside)) return undefined;
  return 'the run has not written it';
};

/** Why the deletions of a sync are wrong. */
const problemsOfDeletions = (run: RunToCheck): string[] => {
  const { rows, source, reported, before, versions, actor } = run;
  if (source === undefined) return [];
  const keys = rows.map(keyOf);
  const isToDelete = (channel: Channel) => sourceOf(channel) === source && !keys.includes(keyOf(channel));
  const deletions = reported.filter(({ line }) => line === undefined);
  const isOwn = (version: Version) => version.actor === actor;
  return [
    ...versions
      .filter(isOwn)
      .filter(({ before: old, after }) => [old, after].some((each) => each && sourceOf(each) !== source))
      .map(({ _id, version }) => `version ${version} of ${_id} is outside of the selection`),
    ...versions
      .filter(isOwn)
      .filter(({ before: old, after }) => !after && !isToDelete(old as Channel))
      .map(({ _id }) => `${_id} was deleted, although the file has it`),
    ...deletions
      .filter(({ _id, __v, result }) => {
        const own = versions.filter((version) => version._id === _id).filter(isOwn);
        const expected = result === 'deleted' ? [['deleted', __v]] : [];
        return !isEqual(
          own.map((version) => [resultOf(version), version.version]),
          expected,
        );
      })
      .map(({ _id, result }) => `the deletion of ${_id} is reported as ${result}`),
    ...before
      .filter((channel) => isToDelete(channel) && versions.every(({ _id }) => _id !== channel._id))
      .map(({ _id }) => `${_id} was not deleted`),
  ];
};

/**
 * Checks an import or a sync by what the service has published, whoever else wrote at the same time and however often the
 * run was stopped. Each row is written at most once, so that what others change later stays. Each row is reported as what
 * became of it. A sync deletes what it has to, and touches nothing outside of its selection.
 * @returns what is wrong
 */
export const problemsOfRun = (run: RunToCheck): string[] => {
  const { rows, reported, versions, actor } = run;
  const byLine = new Map(reported.map((each) => [each.line, each]));
  const known = new Set([...rows.map(keyOf), ...reported.map(({ key }) => key)]);
  return [
    ...rows.flatMap((row, index) => {
      const each = byLine.get(index + 1);
      const problem = problemOfRow(row, each, run);
      return problem ? [`line ${index + 1}, ${JSON.stringify(each)}: ${problem}`] : [];
    }),
    ...problemsOfDeletions(run),
    ...versions
      .filter(
        ({ actor: each, before, after }) => each === actor && !known.has(keyOf((after ?? before) as Channel)),
      )
      .map(({ _id }) => `${_id} is not reported`),
  ];
};

/** What an undo says that it did, and what the service published before it and since it began. */
export interface UndoToCheck {
  /** What the run has changed, as it says. */
  changes: Version[];
  reported: Reported[];
  /** During the run, in the order of their time. */
  runVersions: Version[];
  /** After the run, in the order of their time. */
  laterVersions: Version[];
  actor: string;
}

/** Why an undo may leave a change as it is, although nobody changed the channel afterwards. */
const isExcused = (change: Version, { runVersions, laterVersions, actor }: UndoToCheck): boolean => {
  const previous = runVersions.find(
    ({ _id, version }) => _id === change._id && version === change.version - 1,
  );
  // Somebody else may have changed it between the dry run and the write.
  if (resultOf(change) === 'updated') return previous !== undefined && previous.actor !== actor;
  // Another channel has its key.
  const key = change.before && keyOf(change.before);
  const others = [...runVersions, ...laterVersions].filter(({ _id }) => _id !== change._id);
  return !change.after && others.some(({ after }) => after && key !== undefined && keyOf(after) === key);
};

const problemOfUndo = (change: Version, undo: UndoToCheck) => {
  const { actor, runVersions, laterVersions, reported } = undo;
  const isLater = ({ _id, version }: Version) => _id === change._id && version > change.version;
  const later = [...runVersions, ...laterVersions].filter(isLater);
  const own = later.filter((version) => version.actor === actor);
  const [next] = later;
  const line = reported.find(({ _id }) => _id === change._id);
  if (!line) return 'it is not reported';
  const isSkipped = line.result === 'skipped';
  if (!own.length) {
    const isGone = resultOf(change) === 'created' && later.some(({ after }) => !after);
    const isRight = isSkipped ? next || isExcused(change, undo) : isGone;
    return isRight ? undefined : 'nobody has changed it or put it back';
  }
  if (own.length > 1 || own[0] !== next) return 'it undid what others did';
  const isBack = isEqual(next?.after && contentOf(next.after), change.before && contentOf(change.before));
  return isBack && !(isSkipped && later.length === 1) ? undefined : 'it is not as before, or is reported so';
};

/**
 * Checks an undo that may have been stopped and started again, while others wrote. Each change of the run is either the last of its channel
 * before the undo puts the channel back, or is left and named.
 * @returns what is wrong
 */
export const problemsOfUndo = (undo: UndoToCheck): string[] => {
  const { changes, laterVersions, reported, actor } = undo;
  const own = laterVersions.filter((version) => version.actor === actor);
  const ids = new Set(changes.map(({ _id }) => _id));
  return [
    ...changes.flatMap((change) => {
      const problem = problemOfUndo(change, undo);
      return problem ? [`${JSON.stringify(change)}: ${problem}`] : [];
    }),
    ...own.filter(({ _id }) => !ids.has(_id)).map(({ _id }) => `${_id} was not changed by the run`),
    ...(reported.length === changes.length ? [] : [`${changes.length} changes, ${reported.length} reported`]),
  ];
};
