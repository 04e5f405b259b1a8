import { allIds, type IdRange } from '../../lib/channels/id-range.ts';
import type { Plan } from '../../lib/lists/plan/plan.ts';
import type { IndexRange } from '../../lib/lists/plan/index-range.ts';

/** Keys end with an id, of which the lowest and the highest there can be are long to read. */
const quote = (key: string | number): string =>
  JSON.stringify(typeof key === 'string' ? key.replace(/0{24}$/, '0…').replace(/f{24}$/, 'f…') : key);

const boundsText = ({ first, last }: Pick<IndexRange, 'first' | 'last'>): string =>
  `${first === undefined ? '' : ` from ${quote(first)}`}${last === undefined ? '' : ` to ${quote(last)}`}`;

const stretchText = (stretch: IndexRange) => `${stretch.index}${boundsText(stretch)}`;

const partitionText = (range: IdRange) =>
  `the partition${range.first === allIds.first && range.last === allIds.last ? '' : boundsText(range)}`;

const totals = {
  counters: 'from the counters',
  count: 'by counting',
  countSmallerSide: 'by counting it or the rest',
};

const wayText = ({ descending, total }: { descending: boolean; total: keyof typeof totals }) =>
  `${descending ? 'downwards' : 'upwards'}, total ${totals[total]}`;

/** A plan as one line of text, the same for the same plan alone. The lowest id is written `0…`, the highest `f…`. */
export const describePlan = (plan: Plan): string => {
  switch (plan.read) {
    case 'scanPartition':
      return `walk ${partitionText(plan.idRange)} ${wayText(plan)}`;
    case 'scanIndex':
      return `walk ${stretchText(plan.indexRange)} ${wayText(plan)}`;
    case 'ids':
      return `get ${plan.ids.join(', ')}`;
    case 'search':
      return `search ${plan.terms.map((word) => JSON.stringify(word)).join(', ')} in ${partitionText(plan.idRange)}${
        plan.termsDecide ? '' : `, or ${describePlan(plan.fallback)}`
      }`;
    case 'lookup':
      return `get what ${plan.index} names for ${JSON.stringify(plan.value)}, of ${partitionText(plan.idRange)}`;
    case 'fetchIndex':
      return `gather ${plan.indexRanges.map(stretchText).join(', ')}, of ${partitionText(plan.idRange)}`;
    case 'fetchPartition':
      return `gather ${partitionText(plan.idRange)}`;
    case 'nothing':
      return 'read nothing';
  }
};
