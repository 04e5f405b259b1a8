import type { Fault } from './fault-proxy.ts';
import type { Random } from './random.ts';

type Item = Record<'pk' | 'sk', { S: string }>;

const nameOf = ({ pk, sk }: Item) => `${pk.S} ${sk.S}`;

/**
 * Makes batches of reads that are not strongly consistent show some items as they were when such a batch last read them, as
 * if a replica lags. (DynamoDB Local always shows the latest state.)
 * @param share of the items that are old
 * @returns the fault of a batch, from its request
 */
export const laggingReads = (random: Random, share: number) => {
  const lastRead = new Map<string, Item | undefined>();
  // biome-ignore lint/suspicious/noExplicitAny: the bodies of DynamoDB's own protocol, in JSON
  return ({ RequestItems }: any): Fault => {
    const [table = ''] = Object.keys(RequestItems);
    const { Keys, ConsistentRead } = RequestItems[table];
    if (ConsistentRead) return 'none';
    return {
      rewriteAnswer: (answer) => {
        const read = new Map(answer.Responses[table].map((item: Item) => [nameOf(item), item]));
        const shown = Keys.map(nameOf).map((name: string) => {
          const isOld = lastRead.has(name) && random.next() < share;
          const item = isOld ? lastRead.get(name) : read.get(name);
          lastRead.set(name, read.get(name) as Item | undefined);
          return item;
        });
        return { ...answer, Responses: { [table]: shown.filter((item: unknown) => item !== undefined) } };
      },
    };
  };
};
