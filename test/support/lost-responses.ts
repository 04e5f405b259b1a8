import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../lib/api-error.ts';
import { connect } from '../../lib/dynamodb/client.ts';
import { Meter } from '../../lib/dynamodb/meter.ts';
import { Table } from '../../lib/dynamodb/table.ts';
import { toApiError } from '../../lib/http/failure-to-api-error.ts';
import { connectionLost } from './dynamodb-errors.ts';
import { disconnect, failTries } from './failing-client.ts';
import type { WriteKind } from './write-kinds.ts';

/** What became of a write whose first response was lost. */
export interface LostResponse {
  namespace: string;
  /** The code of the error that the client gets; undefined if the answer is a success. */
  code: string | undefined;
  timesDone: number;
  /** Whether the answer is a success, and shows what is stored. */
  isRightAnswer: boolean;
}

const codeOf = (error: unknown): string => {
  const known = toApiError(error);
  return known instanceof ApiError ? known.code : 'internal_error';
};

/**
 * Makes a write in a namespace of its own. DynamoDB carries it out, and its response is lost.
 * @param refuse the error of every later try. Without it, nothing else fails.
 */
export const loseResponse = async (
  table: Table,
  namespace: string,
  kind: WriteKind,
  refuse?: () => Error,
): Promise<LostResponse> => {
  // A client of its own: after many failures in a row, the SDK does not try again for a while.
  const client = connect();
  const session = { client, meter: new Meter(), signal: AbortSignal.timeout(60_000) };
  const own = new Table(session, table.name);
  const { run, effect } = await kind.prepare(own, namespace);
  let tries = 0;
  let isLost = false;
  let isOver = false;
  const meanwhile = async () => {
    isLost = true;
  };
  failTries(client, () => {
    tries++;
    if (isOver) return undefined;
    if (tries === kind.writingCall) return { moment: 'after', error: connectionLost, meanwhile };
    return tries > kind.writingCall && refuse ? { moment: 'before', error: refuse } : undefined;
  });
  let answer: unknown;
  let code: string | undefined;
  try {
    answer = await run(own);
  } catch (error) {
    code = codeOf(error);
  }
  isOver = true;
  const { timesDone, answer: expected } = await effect();
  disconnect(client);
  // On a busy machine, DynamoDB may give no answer in time. Then no response was lost, and nothing was tried.
  if (!isLost) return loseResponse(table, `${namespace}-again`, kind, refuse);
  return {
    namespace,
    code,
    timesDone,
    isRightAnswer: code === undefined && isDeepStrictEqual(answer, expected),
  };
};
