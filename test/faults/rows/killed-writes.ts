import { isDeepStrictEqual } from 'node:util';
import { connect } from '../../../lib/dynamodb/client.ts';
import type { Item } from '../../../lib/dynamodb/item.ts';
import { Meter } from '../../../lib/dynamodb/meter.ts';
import { Table } from '../../../lib/dynamodb/table.ts';
import { type CallFault, disconnect, failCalls } from '../../support/failing-client.ts';
import { findTornWrites, readPartition } from '../../support/whole-partitions.ts';
import { otherNamespace, type WriteKind, writeKinds } from '../../support/write-kinds.ts';
import type { FaultRow } from '../fault-row.ts';

/** A call of a write at which its process is killed: before DynamoDB gets the call, or before its response arrives. */
interface Kill {
  call: number;
  moment: CallFault['moment'];
}

const killed = () => new Error('The process was killed');

/** Runs a write until it is killed. After that, none of its calls reaches DynamoDB. @returns the calls that it began */
const runUntilKilled = async (
  table: Table,
  run: (table: Table) => Promise<unknown>,
  kill: Kill | undefined,
): Promise<number> => {
  const client = connect();
  let calls = 0;
  failCalls(client, () => {
    calls++;
    if (!kill || calls < kill.call) return undefined;
    return { moment: calls === kill.call ? kill.moment : 'before', error: killed };
  });
  const session = { client, meter: new Meter(), signal: AbortSignal.timeout(60_000) };
  const running = run(new Table(session, table.name));
  await (kill ? running.catch(() => undefined) : running);
  disconnect(client);
  return calls;
};

/** The keys of the items that differ. Ids and the shards of counters differ from run to run, so they are left out. */
const changedKeys = (before: Item[], after: Item[]): string[] =>
  [...before, ...after]
    .filter((item) => ![before, after].every((items) => items.some((each) => isDeepStrictEqual(each, item))))
    .map(({ sk }) => (sk as string).replace(/[0-9a-f]{24}$/, 'id').replace(/^!count#\d$/, '!count'))
    .sort();

/** Runs a write in a new namespace, and kills it. @returns what it changed there, and what is torn */
const runWrite = async (table: Table, namespace: string, { prepare }: WriteKind, kill?: Kill) => {
  const namespaces = [namespace, otherNamespace(namespace)];
  const read = () => Promise.all(namespaces.map((each) => readPartition(table, each)));
  const { run } = await prepare(table, namespace);
  const before = await read();
  const calls = await runUntilKilled(table, run, kill);
  const after = await read();
  const changed = after.map((items, index) => [...new Set(changedKeys(before[index] ?? [], items))]);
  return { calls, changed, torn: await findTornWrites(table, namespaces) };
};

/**
 * Kills each kind of write at each of its calls, before the call and after it. There is no other moment at which a kill
 * could leave something else behind.
 * @returns the number of kills, and a line for each write that was done in part
 */
const killWrites = async (table: Table, seed: number) => {
  const torn: string[] = [];
  let kills = 0;
  for (const [name, kind] of Object.entries(writeKinds)) {
    const namespaceOf = (suffix: string) => `killed-${seed}-${name.replaceAll(' ', '-')}-${suffix}`;
    const whole = await runWrite(table, namespaceOf('not'), kind);
    const nothing = whole.changed.map(() => []);
    for (let call = 1; call <= whole.calls; call++)
      for (const moment of ['before', 'after'] as const) {
        const run = await runWrite(table, namespaceOf(`${moment}-${call}`), kind, { call, moment });
        const expected = moment === 'after' && call === kind.writingCall ? whole.changed : nothing;
        kills++;
        if (!isDeepStrictEqual(run.changed, expected))
          torn.push(`${name}, killed ${moment} call ${call}: changed ${JSON.stringify(run.changed)}`);
        torn.push(...run.torn);
      }
  }
  return { kills, torn };
};

export const killedWrites: FaultRow = {
  fault: 'the process is killed at every await of a write',
  promise: '0 torn states',
  run: async ({ service, seed }) => {
    const { kills, torn } = await killWrites(service.channels, seed);
    return { text: `${torn.length} torn states after ${kills} kills`, holds: !torn.length, details: torn };
  },
};
