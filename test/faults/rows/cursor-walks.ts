import { channelOf, seedChannels } from '../../support/seed.ts';
import { walks, walkWhileWriting } from '../../support/walk-while-writing.ts';
import type { FaultRow } from '../fault-row.ts';

const perPage = 7;

export const cursorWalks: FaultRow = {
  fault: 'a client walks a list by cursor while channels are written',
  promise: '0 lost and 0 twice, of the channels that nobody wrote',
  run: async ({ service, seed, count }) => {
    let [lost, twice, walked] = [0, 0, 0];
    for (const [walk, [query, direction]] of walks.entries()) {
      const namespace = `walk-${seed}-${walk}`;
      const key = await service.newKey({ namespaces: [namespace] });
      const channels = Array.from({ length: Math.ceil(count / walks.length) }, (_, index) =>
        channelOf(index + 1, { name: `Kept ${index % 7}`, company_namespace: [namespace] }),
      );
      const ids = (await seedChannels(service, channels)).map(({ _id }) => _id);
      const { listed, unchanged } = await walkWhileWriting(service.call, key, {
        query,
        direction,
        perPage,
        ids,
      });
      const times = unchanged.map((id) => listed.filter((each) => each === id).length);
      lost += times.filter((each) => each === 0).length;
      twice += times.filter((each) => each > 1).length;
      walked += unchanged.length;
    }
    return {
      text: `${lost} lost and ${twice} twice of ${walked} untouched channels, in ${walks.length} walks`,
      holds: lost + twice === 0,
    };
  },
};
