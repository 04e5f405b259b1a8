import { nameOf } from '../query/raw-parameters.ts';
import { isAbsent } from './absent.ts';
import type { ValueParser } from '../query/values.ts';
import type { Parser } from '../query/parser.ts';

/** Reads a parameter that takes one value of a kind; it may be repeated only where all others count as absent. */
export const oneValue =
  <Value>(kind: ValueParser<Value>, countsAsAbsent: (text: string) => boolean = isAbsent): Parser<Value> =>
  (raw, addIssue) => {
    for (const { path } of raw) {
      if (path.length > 1) addIssue(nameOf(path), 'takes one value, and no brackets');
    }
    const values = raw.filter(({ value }) => !countsAsAbsent(value));
    const [first] = values;
    if (first === undefined) return undefined;
    const [name] = first.path;
    if (values.length > 1) return addIssue(name, `takes one value, and was given ${values.length}`);
    return kind.read(first.value) ?? addIssue(name, `must be ${kind.accepted}`);
  };
