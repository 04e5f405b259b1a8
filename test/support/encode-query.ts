import type { ExpectedQuery } from './oracle.ts';

/** How a client writes the parts of a list's query; each number chooses one of several ways. */
export interface EncodingStyle {
  list: number;
  sort: number;
  meta: number;
  /** Brackets as `[` and `]`, or percent-encoded. */
  rawBrackets: boolean;
  /** Spaces as `+`, or percent-encoded. */
  plus: boolean;
  /** Ids in capitals. */
  capitals: boolean;
  /** Which parameters without a value are sent along, as a bit each. */
  absent: number;
  /** Where among the parameters the query begins; those of one list stay in their order. */
  rotation: number;
}

/** A query that may hold a place in the order of ids as text: an id, or a cursor that a list gave out. */
export interface EncodableQuery extends ExpectedQuery {
  fromText?: string;
  toText?: string;
}

type Pair = [name: string, value: string];

const pick = <Item>(items: Item[], choice: number): Item => items[choice % items.length] as Item;

const looksAbsent = (value: string) => ['', 'null', 'undefined'].includes(value);
const looksLikeJson = (value: string) => value.startsWith('[');

const inJson = (name: string, values: string[]): Pair[] => [[name, JSON.stringify(values)]];
const inBrackets = (name: string, values: string[]): Pair[] => values.map((value) => [`${name}[]`, value]);
const indexed = (name: string, values: string[]): Pair[] =>
  values.map((value, index) => [`${name}[${index}]`, value]);
const repeated = (name: string, values: string[]): Pair[] => values.map((value) => [name, value]);
const byCommas = (name: string, values: string[]): Pair[] => [[name, values.join(',')]];

const pairsOfList = (name: string, values: string[], { list }: EncodingStyle): Pair[] => {
  // Only JSON can say these.
  if (values.length === 0 || values.some(looksAbsent)) return inJson(name, values);
  const ways = [inJson, inBrackets, indexed];
  if (!values.some(looksLikeJson)) ways.push(repeated);
  if (name === '_id') ways.push(byCommas);
  return pick(ways, list)(name, values);
};

const typeOf = (descending: boolean) => (descending ? 'desc' : 'asc');

const pairsOfSort = (sort: ExpectedQuery['sort'], { sort: choice }: EncodingStyle): Pair[] => {
  const elements = sort.map(({ field, descending }) => ({ field, type: typeOf(descending) }));
  const ways: (() => Pair[])[] = [
    () => [['sortBy', JSON.stringify(elements)]],
    () => elements.map((element): Pair => ['sortBy[]', JSON.stringify(element)]),
    () =>
      elements.flatMap(({ field, type }, index): Pair[] => [
        [`sortBy[${index}][field]`, field],
        [`sortBy[${index}][type]`, type],
      ]),
    () =>
      elements.flatMap(({ field, type }): Pair[] => [
        ['sortBy[][field]', field],
        ['sortBy[][type]', type],
      ]),
  ];
  const [first] = elements;
  if (elements.length === 1 && first) {
    const { field, type } = first;
    ways.push(
      () => [
        ['sortBy[field]', field],
        ['sortBy[type]', type],
      ],
      () => [['sort', type === 'desc' ? `-${field}` : field]],
      () => [
        ['sort', field],
        ['sortPageOrder', type],
      ],
      () =>
        type === 'desc'
          ? [
              ['sort', field],
              ['sortPageOrder', 'dsc'],
            ]
          : [['sort', field]],
    );
    if (field === '_id') ways.push(() => (type === 'desc' ? [['sortPageOrder', 'desc']] : []));
  }
  return pick(ways, choice)();
};

const isDottable = (key: string) => key !== '' && !/[.[\]]/.test(key);
const isBracketable = (key: string) => !/[[\]]/.test(key);

const nested = ([key, ...rest]: string[], value: string): string =>
  key === undefined ? JSON.stringify(value) : `{${JSON.stringify(key)}:${nested(rest, value)}}`;

const pairsOfMeta = (path: string[], value: string, { meta }: EncodingStyle): Pair[] => {
  const [first = '', ...rest] = path;
  const ways: (() => Pair[])[] = [() => [['integration_meta', nested(path, value)]]];
  if (!looksAbsent(value)) {
    const bracketed = (keys: string[]) => keys.map((key) => `[${key}]`).join('');
    if (path.every(isDottable)) ways.push(() => [[`integration_meta.${path.join('.')}`, value]]);
    if (path.every(isBracketable)) ways.push(() => [[`integration_meta${bracketed(path)}`, value]]);
    if (isDottable(first) && rest.every(isBracketable))
      ways.push(() => [[`integration_meta.${first}${bracketed(rest)}`, value]]);
  }
  return pick(ways, meta)();
};

const optional = ['page', 'cursor', 'sort', 'sortBy', 'name', 'local_name', 'search', 'disabled'].concat([
  'from_updatedAt',
  'from__id',
  'to__id',
  'integration_meta',
  '_id[]',
]);

const encode = (text: string, { plus }: EncodingStyle) => {
  const encoded = encodeURIComponent(text);
  return plus ? encoded.replaceAll('%20', '+') : encoded;
};

/** A query string that asks for all this, as a client of that dialect writes it. */
export const encodeQuery = (wish: EncodableQuery, more: Record<string, string>, dialect: EncodingStyle): string => {
  const { ids, names, localNames, search, disabled, updatedAfter, fromText, toText, meta = [], sort } = wish;
  const cased = dialect.capitals ? ids?.map((id) => id.toUpperCase()) : ids;
  const groups: Pair[][] = [
    cased ? pairsOfList('_id', cased, dialect) : [],
    names ? pairsOfList('name', names, dialect) : [],
    localNames ? pairsOfList('local_name', localNames, dialect) : [],
    search === undefined ? [] : [['search', search]],
    disabled === undefined ? [] : [['disabled', `${disabled}`]],
    updatedAfter === undefined ? [] : [['from_updatedAt', `${updatedAfter}`]],
    fromText === undefined ? [] : [['from__id', fromText]],
    toText === undefined ? [] : [['to__id', toText]],
    meta.flatMap(({ path, value }) => pairsOfMeta(path, value, dialect)),
    pairsOfSort(sort, dialect),
    Object.entries(more),
    optional.flatMap((name, bit): Pair[] =>
      (dialect.absent >> bit) & 1 ? [[name, pick(['', 'null', 'undefined'], bit)]] : [],
    ),
  ];
  const at = dialect.rotation % groups.length;
  return [...groups.slice(at), ...groups.slice(0, at)]
    .flat()
    .map(([name, value]) => {
      const brackets = dialect.rawBrackets
        ? encode(name, dialect).replaceAll('%5B', '[').replaceAll('%5D', ']')
        : encode(name, dialect);
      return `${brackets}=${encode(value, dialect)}`;
    })
    .join('&');
};
