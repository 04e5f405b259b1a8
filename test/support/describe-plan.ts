import { allIds, type IdRange } from '../../lib/channels/id-range.ts';
import type { IndexRange } from '../../lib/lists/plan/index-range.ts';
import type { Lookup, Plan } from '../../lib/lists/plan/plan.ts';

/** Shortens the lowest and the highest possible id, with which many keys end. */
const quote = (key: string | number): string =>
  JSON.stringify(typeof key === 'string' ? key.replace(/0{24}$/, '0…').replace(/f{24}$/, 'f…') : key);

const boundsText = ({ first, last }: Pick<IndexRange, 'first' | 'last'>): string =>
  `${first === undefined ? '' : ` from ${quote(first)}`}${last === undefined ? '' : ` to ${quote(last)}`}`;

const indexText = (range: IndexRange) => `${range.index}${boundsText(range)}`;

const partitionText = (range: IdRange) =>
  `the partition${range.first === allIds.first && range.last === allIds.last ? '' : boundsText(range)}`;

const totals = {
  counters: 'from the counters',
  count: 'by counting',
  countSmallerSide: 'by counting it or the rest',
};

const directionText = ({ descending, total }: { descending: boolean; total: keyof typeof totals }) =>
  `${descending ? 'downwards' : 'upwards'}, total ${totals[total]}`;

const lookupText = ({ path, values }: Lookup) =>
  `look up ${path} ${values.map((value) => JSON.stringify(value)).join(', ')}`;

/** A plan as one line of text. Different plans have different texts. `0…` is the lowest id, `f…` the highest. */
export const describePlan = (plan: Plan): string => {
  switch (plan.read) {
    case 'scanPartition':
      return `scan ${partitionText(plan.idRange)} ${directionText(plan)}`;
    case 'scanIndex':
      return `scan ${indexText(plan.indexRange)} ${directionText(plan)}`;
    case 'ids':
      return `get ${plan.ids.join(', ')}`;
    case 'search':
      return `${plan.lookup ? `${lookupText(plan.lookup)}, else ` : ''}search ${plan.terms.map((term) => JSON.stringify(term)).join(', ')} in ${partitionText(plan.idRange)}${
        plan.termsDecide ? '' : ', then filter and sort'
      }`;
    case 'lookup':
      return `${lookupText(plan.lookup)}, of ${partitionText(plan.idRange)}`;
    case 'fetchIndex':
      return `fetch ${plan.indexRanges.map(indexText).join(', ')}, of ${partitionText(plan.idRange)}`;
    case 'fetchPartition':
      return `fetch ${partitionText(plan.idRange)}`;
    case 'nothing':
      return 'read nothing';
  }
};
