import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import type { ChannelVersions } from './versions.ts';

/** The states of one channel in a reader's copy, one after the other. Undefined: the copy does not have it. */
export type CopyStates = (ChannelDocument | undefined)[];

type Documents = ChannelVersions['documents'];

const isIn = (namespace: string, document: ChannelDocument | undefined): boolean =>
  document?.company_namespace.includes(namespace) ?? false;

/**
 * Checks that each state of a channel in a copy is a state that the channel had in the namespace, and that they never go back.
 * @param documents all versions of the channel, from its events
 * @returns sentences about states that are wrong
 */
export const judgeCopy = (
  namespace: string,
  id: string,
  states: CopyStates,
  documents: Documents,
): string[] => {
  const wrong: string[] = [];
  const versions = [...documents.keys()].sort((one, other) => one - other);
  /** The version of the last state: the lowest one that it may have been. -1 is the time before the creation. */
  let reached = -1;
  for (const state of states) {
    const found = state
      ? [state.__v].find((version) => JSON.stringify(documents.get(version)) === JSON.stringify(state))
      : [-1, ...versions].find((version) => version >= reached && !isIn(namespace, documents.get(version)));
    const name = state ? `version ${state.__v}` : 'the absence';
    if (found === undefined)
      wrong.push(`${namespace}: ${id} never had ${name} that follows version ${reached}`);
    else if (state && !isIn(namespace, state)) wrong.push(`${namespace}: ${id} was not there in ${name}`);
    else if (found < reached) wrong.push(`${namespace}: ${id} goes back from version ${reached} to ${found}`);
    else reached = found;
  }
  return wrong;
};
