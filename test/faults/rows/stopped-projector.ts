import { namespaceOf } from '../../../lib/channels/keys.ts';
import { Table } from '../../../lib/dynamodb/table.ts';
import { sweepPending } from '../../../lib/projections/apply/sweep.ts';
import { reindex } from '../../support/projections.ts';
import { randomFrom } from '../../support/random.ts';
import { SearchOracle } from '../../support/search-oracle.ts';
import type { Service } from '../../support/service.ts';
import type { FaultRow } from '../fault-row.ts';

/** Sweeps one namespace only. Other rows rely on their pending changes. */
const sweep = ({ channels, projections }: Service, namespace: string) => {
  class OneNamespace extends Table {
    override async *scan(index?: string) {
      for await (const item of super.scan(index))
        if (namespaceOf(item.pk as string) === namespace) yield item;
    }
  }
  const tables = { channels: new OneNamespace(channels.session, channels.name), projections };
  const report = (_change: object, error: unknown) => {
    throw error;
  };
  return sweepPending(tables, Date.now() + 1, { isTimeLeft: () => true, report });
};

const repairs = {
  sweep,
  reindex: async ({ channels, projections }: Service, namespace: string) =>
    reindex({ channels, projections }, namespace),
};

export const stoppedProjector: FaultRow = {
  fault: "the stream's consumer stops",
  promise: '0 wrong answers, while it is stopped and after the repair',
  run: async ({ service, seed, count }) => {
    let answers = 0;
    const wrong: SearchOracle['wrong'] = [];
    for (const [name, repair] of Object.entries(repairs)) {
      const namespace = `stopped-${seed}-${name}`;
      const oracle = await SearchOracle.start(service, namespace, randomFrom(seed));
      for (let written = 0; written < count / 2; written++) {
        await oracle.write();
        await oracle.compare();
      }
      await repair(service, namespace);
      for (let compared = 0; compared < count / 10; compared++) await oracle.compare();
      answers += oracle.answers;
      wrong.push(...oracle.wrong);
    }
    return {
      text: `${wrong.length} wrong answers of ${answers}, also after a sweep and a re-index`,
      holds: !wrong.length,
      details: wrong.map((each) => JSON.stringify(each)),
    };
  },
};
