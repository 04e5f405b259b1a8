import { setTimeout as pause } from 'node:timers/promises';
import type { ChannelDocument } from '../../lib/channels/document-schema.ts';
import { mapConcurrently } from '../../lib/map-concurrently.ts';
import type { Random } from '../support/random.ts';
import type { Call, Reply, Service } from '../support/service.ts';
import { outcomeOf } from './clients.ts';
import type { Action, Fields, Operation, Outcome } from './operation.ts';

/** An answer with its time, and with the namespace of the request. */
interface Answer {
  reply: Reply;
  outcome: Outcome;
  namespace: string;
  start: number;
  end: number;
}

/** A round: writers give the same external id to channels, and take it away, all at once. */
export interface Round {
  /** The external id. */
  externalId: string;
  /** Whether a POST gives it to a channel too. Then several channels may have it. */
  isContested: boolean;
  /** The operations on each channel that a client knows, by its id. */
  channels: Map<string, Operation[]>;
  /** The channels that a POST has created, with the end of that request. */
  posted: Map<string, number>;
  /** The ids of other channels that refused restores have named. */
  named: string[];
}

export interface Rounds {
  rounds: Round[];
  /** Answers that no request of the rounds may get. */
  unexpected: string[];
  statuses: Record<string, number>;
}

const roundsAtOnce = 6;
/** Writers of a round begin within this time, so that they meet in many ways. */
const maxPauseMs = 40;

/**
 * Runs rounds. In each of them, a channel is created and deleted. Then restores race against each other, a deletion, upserts and
 * a creation with the same external id. At last all channels of the round are deleted, and all are restored at once.
 */
export const runRestoreRounds = async (
  service: Service,
  { namespaces, key, random, count }: { namespaces: string[]; key: string; random: Random; count: number },
): Promise<Rounds> => {
  const result: Rounds = { rounds: [], unexpected: [], statuses: {} };
  let time = 0;

  const request = async (route: string, namespace: string, call: Call = {}): Promise<Answer> => {
    const start = ++time;
    const headers = { 'x-company-namespace': namespace, ...call.headers };
    const reply = await service
      .call(route, { key, ...call, headers })
      .catch((): Reply => ({ status: 503, headers: {}, body: {} }));
    result.statuses[reply.status] = (result.statuses[reply.status] ?? 0) + 1;
    const outcome = outcomeOf(reply);
    if (!outcome) result.unexpected.push(`${route}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return { reply, outcome: outcome ?? 'unknown', namespace, start, end: ++time };
  };

  const runRound = async (number: number) => {
    const externalId = `k${number}k`;
    const isContested = number % 3 === 0;
    const company_namespace = random.next() < 0.5 ? namespaces : namespaces.slice(0, 1);
    const fields: Fields = {
      name: `Channel ${externalId}`,
      local_name: `قناة ${externalId}`,
      integration_meta: { external_id: externalId },
      company_namespace,
    };
    const round: Round = { externalId, isContested, channels: new Map(), posted: new Map(), named: [] };
    result.rounds.push(round);
    const began = ++time;
    const { channels } = round;

    const record = (id: string, action: Action, { namespace, start, end }: Answer, outcome: Outcome) =>
      channels.get(id)?.push({ namespace, action, start, end, outcome });
    /** Remembers a channel. Its creation is unknown unless an answer has shown it. */
    const know = (id: string, answer: Answer, created?: ChannelDocument) => {
      const { namespace, end } = answer;
      const start = created ? answer.start : began;
      const creation = { namespace, start, end, action: { kind: 'create', fields } as const };
      const own = channels.get(id)?.filter(({ action }) => action.kind !== 'create') ?? [];
      if (!channels.has(id) || created)
        channels.set(id, [{ ...creation, outcome: created ? { document: created } : 'unknown' }, ...own]);
    };
    /** No channel had the external id at some moment of the request, or only a new one. */
    const recordAbsence = (answer: Answer, created?: string) => {
      for (const id of channels.keys())
        if (id !== created) record(id, { kind: 'read', externalId }, answer, 'absent');
    };
    const somewhere = () => random.pick(company_namespace);

    const create = async () => {
      const headers = { 'idempotency-key': `${namespaces[0]}-${externalId}` };
      const start = time + 1;
      for (;;) {
        const answer = await request('POST /client-channel', namespaces[0] as string, {
          headers,
          body: fields,
        });
        if (typeof answer.outcome !== 'object') continue;
        const { document } = answer.outcome;
        know(document._id, { ...answer, start }, document);
        return document._id;
      }
    };
    const post = async () => {
      const answer = await request('POST /client-channel', namespaces[0] as string, { body: fields });
      if (typeof answer.outcome !== 'object') return;
      const { document } = answer.outcome;
      know(document._id, answer, document);
      round.posted.set(document._id, answer.end);
    };
    const restore = async (id: string) => {
      const answer = await request(`POST /client-channel/${id}/restore`, somewhere());
      record(id, { kind: 'restore' }, answer, answer.outcome);
      const [other] = /\b[0-9a-f]{24}\b/.exec(answer.reply.body.details?.[0]?.message ?? '') ?? [];
      if (other) round.named.push(other);
    };
    const remove = async (id: string): Promise<Outcome> => {
      const answer = await request(`DELETE /client-channel/${id}`, somewhere());
      record(id, { kind: 'delete', ifMatch: undefined }, answer, answer.outcome);
      return answer.outcome;
    };
    const removeCertainly = async (id: string) => {
      for (;;) {
        const outcome = await remove(id);
        if (typeof outcome === 'object' || outcome === 'absent') return;
      }
    };
    const upsertRow = async (row: object) => {
      const answer = await request('POST /client-channel/upsert', somewhere(), { body: { channels: [row] } });
      if (answer.outcome === 'unknown') return { answer, row: { result: 'failed', code: 'unavailable' } };
      return { answer, row: answer.reply.body.data?.[0] ?? { result: 'failed', code: 'conflict' } };
    };
    const upsert = async () => {
      const { answer, row } = await upsertRow(fields);
      if (row.result === 'failed') return;
      const isNew = row.result === 'created';
      know(row._id, answer, isNew ? row.channel : undefined);
      if (isNew) return recordAbsence(answer, row._id);
      if (row.result !== 'unchanged') result.unexpected.push(`an equal row is ${row.result}`);
      record(row._id, { kind: 'read' }, answer, { document: row.channel });
    };
    const removeByKey = async () => {
      const { answer, row } = await upsertRow({
        delete: true,
        integration_meta: { external_id: externalId },
      });
      if (row.result === 'unchanged') return recordAbsence(answer);
      const deletion: Action = { kind: 'delete', ifMatch: undefined };
      if (row.result === 'deleted') {
        know(row._id, answer);
        record(row._id, deletion, answer, { document: row.channel });
      }
      if (row.code === 'unavailable')
        for (const id of channels.keys()) record(id, deletion, answer, 'unknown');
    };
    const race = (writers: (() => Promise<unknown>)[]) =>
      Promise.all(
        random.shuffle(writers).map(async (write) => {
          await pause(random.below(maxPauseMs));
          await write();
        }),
      );

    const id = await create();
    await removeCertainly(id);
    const restoreIt = () => restore(id);
    const others = [isContested ? post : restoreIt, random.pick([removeByKey, upsert])];
    await race([restoreIt, restoreIt, () => remove(id), upsert, ...others]);

    const known = [...channels.keys()].filter((each) => !round.posted.has(each));
    await race(known.map((each) => () => removeCertainly(each)));
    await race([...known, ...known].map((each) => () => restore(each)).concat(upsert));
  };

  await mapConcurrently([...Array(count).keys()], roundsAtOnce, runRound);
  return result;
};
