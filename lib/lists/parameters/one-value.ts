import { nameOf } from '../query/raw-parameters.ts';
import { isAbsent } from './absent.ts';
import type { Kind } from '../query/values.ts';
import type { Reader } from '../query/parser.ts';

/** Reads a parameter that takes one value of a kind; it may be repeated only where all others count as absent. */
export const one =
  <Value>(kind: Kind<Value>, countsAsAbsent: (text: string) => boolean = isAbsent): Reader<Value> =>
  (given, refuse) => {
    for (const { path } of given) {
      if (path.length > 1) refuse(nameOf(path), 'takes one value, and no brackets');
    }
    const values = given.filter(({ value }) => !countsAsAbsent(value));
    const [first] = values;
    if (first === undefined) return undefined;
    const [name] = first.path;
    if (values.length > 1) return refuse(name, `takes one value, and was given ${values.length}`);
    return kind.read(first.value) ?? refuse(name, `must be ${kind.accepted}`);
  };
