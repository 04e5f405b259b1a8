import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import type { Action, Fields, IfMatch } from './operation.ts';

/**
 * A channel without its times: a model cannot know them. Undefined before its creation. A deleted channel stays as it was, with
 * the version of the deletion, because it can be restored.
 */
export type State =
  | (Omit<ChannelDocument, '_id' | 'createdAt' | 'updatedAt'> & { isDeleted?: true })
  | undefined;

/** What an operation answers, and the state that it leaves behind. */
export interface Step {
  answer: State | 'absent' | 'stale';
  next: State;
}

const stateOf = (fields: Fields, __v: number): State => {
  const { name, local_name, disabled = false, integration_meta, company_namespace = [] } = fields;
  return {
    name,
    ...(typeof local_name === 'string' && { local_name }),
    disabled,
    ...(integration_meta && { integration_meta }),
    company_namespace,
    __v,
  };
};

/** The state that a document shows. */
export const stateIn = (document: ChannelDocument): State => stateOf(document, document.__v);

/** A text that is equal for equal states. The metadata of the histories has one key, so its order needs no care. */
export const textOf = (state: State): string =>
  JSON.stringify(
    state && [
      state.__v,
      state.isDeleted,
      state.name,
      state.local_name,
      state.disabled,
      state.integration_meta,
      state.company_namespace,
    ],
  ) ?? '';

const isKnown = (ifMatch: IfMatch, { __v }: { __v: number }) =>
  ifMatch === undefined || ifMatch === 'any' || ifMatch.includes(__v);

/**
 * The rules of one channel, as `docs/guarantees.md` and the API's description state them, for operations one after the
 * other.
 */
export const step = (state: State, action: Action, namespace: string): Step => {
  if (action.kind === 'create') {
    const created = stateOf({ company_namespace: [namespace], ...action.fields }, 0);
    return { answer: created, next: created };
  }
  if (!state?.company_namespace.includes(namespace)) return { answer: 'absent', next: state };
  if (action.kind === 'restore') {
    const next = state.isDeleted ? stateOf(state, state.__v + 1) : state;
    return { answer: next, next };
  }
  if (state.isDeleted) return { answer: 'absent', next: state };
  if (action.kind === 'read') {
    const isShown = [undefined, state.integration_meta?.external_id].includes(action.externalId);
    return { answer: isShown ? state : 'absent', next: state };
  }
  if (!isKnown(action.ifMatch, state)) return { answer: 'stale', next: state };
  if (action.kind === 'delete')
    return { answer: state, next: { ...state, __v: state.__v + 1, isDeleted: true } };
  const fields = { ...state, ...action.patch };
  const isSame = textOf(stateOf(fields, state.__v)) === textOf(state);
  const next = isSame ? state : stateOf(fields, state.__v + 1);
  return { answer: next, next };
};

const externalIdsOf = ({ integration_meta: meta }: NonNullable<State>) =>
  JSON.stringify([meta?.external_id, meta?.id]);

/**
 * Whether a write changes only the metadata of a single item, and no external id, in place: DynamoDB does not recognise its
 * repetition by a token.
 */
export const isInPlace = (before: State, after: State): boolean =>
  !before?.isDeleted &&
  !after?.isDeleted &&
  before?.company_namespace.length === 1 &&
  after?.company_namespace.length === 1 &&
  before.company_namespace[0] === after.company_namespace[0] &&
  before.name === after.name &&
  before.local_name === after.local_name &&
  before.disabled === after.disabled &&
  externalIdsOf(before) === externalIdsOf(after);
