import { nameOf, type RawParameter } from '../query/raw-parameters.ts';
import { isAbsent } from './absent.ts';
import { isListIndex, parseJson } from './forms.ts';
import { maxValues, type Parser, type AddIssue, type RawParameters } from '../query/parser.ts';

/** How the values of one filter are written: what one parameter holds, and how each is compared. */
interface ManyValuesOptions {
  split?: (text: string) => string[];
  normalize?: (value: string) => string;
}

/** Reads a filter of up to 100 different values, from every form of a list. An empty list is a list, and not absent. */
export const manyValues =
  ({ split = (text) => [text], normalize = (value) => value }: ManyValuesOptions = {}): Parser<string[]> =>
  (raw, addIssue) => {
    checkForms(raw, addIssue);
    const present = raw.filter(({ value }) => !isAbsent(value));
    if (present.length === 0) return undefined;
    const values = present.flatMap((parameter) => jsonList(parameter) ?? split(parameter.value));
    const distinct = [...new Set(values.filter(canBeStored).map(normalize))];
    if (distinct.length <= maxValues) return distinct;
    return addIssue(raw[0].path[0], `takes at most ${maxValues} values, and was given ${distinct.length}`);
  };

const checkForms = (raw: RawParameters, addIssue: AddIssue): void => {
  for (const { path } of raw) {
    const [name, index = '', ...more] = path;
    if (isListIndex(index) && more.length === 0) continue;
    addIssue(nameOf(path), `is no form of a list: write ${name}=a&${name}=b, ${name}[]=a or ${name}[0]=a`);
  }
};

/** The strings of a list in JSON; `undefined` for anything else, which is a value as it stands. */
const jsonList = ({ path, value }: RawParameter): string[] | undefined => {
  // In brackets a value is one element already: a name may look like JSON.
  if (path.length > 1 || !value.startsWith('[')) return undefined;
  const parsed = parseJson(value);
  return Array.isArray(parsed) && parsed.every((item) => typeof item === 'string') ? parsed : undefined;
};

/** No channel has an empty name, or one with half a surrogate pair, and the table takes neither for a key. */
const canBeStored = (value: string): boolean => value !== '' && value.isWellFormed();
