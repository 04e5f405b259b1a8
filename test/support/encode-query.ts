import type { ExpectedQuery } from './oracle.ts';

/** How a client encodes a list query. Each number selects one of several equivalent forms. */
export interface EncodingStyle {
  list: number;
  sort: number;
  meta: number;
  /** Whether brackets are sent as `[` and `]`, instead of percent-encoded. */
  rawBrackets: boolean;
  /** Whether spaces are sent as `+`, instead of percent-encoded. */
  plus: boolean;
  /** Whether ids are sent in capitals. */
  capitals: boolean;
  /** A bit for each optional parameter: whether it is sent without a value. */
  absent: number;
  /** The parameter that comes first. The values of one list stay in their order. */
  rotation: number;
}

/** A query whose bounds also exist as text: an id, or a cursor that a list has returned. */
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
  // Only JSON can express these.
  if (values.length === 0 || values.some(looksAbsent)) return inJson(name, values);
  const forms = [inJson, inBrackets, indexed];
  if (!values.some(looksLikeJson)) forms.push(repeated);
  if (name === '_id') forms.push(byCommas);
  return pick(forms, list)(name, values);
};

const typeOf = (descending: boolean) => (descending ? 'desc' : 'asc');

const pairsOfSort = (sort: ExpectedQuery['sort'], { sort: choice }: EncodingStyle): Pair[] => {
  const elements = sort.map(({ field, descending }) => ({ field, type: typeOf(descending) }));
  const forms: (() => Pair[])[] = [
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
    forms.push(
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
    if (field === '_id') forms.push(() => (type === 'desc' ? [['sortPageOrder', 'desc']] : []));
  }
  return pick(forms, choice)();
};

const isDottable = (key: string) => key !== '' && !/[.[\]]/.test(key);
const isBracketable = (key: string) => !/[[\]]/.test(key);
/** Brackets that end a name with this key would be a list. */
const looksLikeIndex = (key: string | undefined) => key !== undefined && /^\d*$/.test(key);

const nested = ([key, ...rest]: string[], values: string | string[]): string =>
  key === undefined ? JSON.stringify(values) : `{${JSON.stringify(key)}:${nested(rest, values)}}`;

/** The names that mean a path. A path with odd keys can only be written in JSON. */
const namesOfPath = (path: string[]): string[] => {
  const [first = '', ...rest] = path;
  const bracketed = (keys: string[]) => keys.map((key) => `[${key}]`).join('');
  const names: string[] = [];
  if (path.every(isDottable)) names.push(`integration_meta.${path.join('.')}`);
  if (path.every(isBracketable) && !looksLikeIndex(path.at(-1)))
    names.push(`integration_meta${bracketed(path)}`);
  if (isDottable(first) && rest.every(isBracketable) && !looksLikeIndex(rest.at(-1)))
    names.push(`integration_meta.${first}${bracketed(rest)}`);
  return names;
};

const pairsOfMeta = (path: string[], values: string[], { meta }: EncodingStyle): Pair[] => {
  const forms: (() => Pair[])[] = [() => [['integration_meta', nested(path, values)]]];
  const [value, ...more] = values;
  if (value !== undefined && more.length === 0) forms.push(() => [['integration_meta', nested(path, value)]]);
  for (const name of namesOfPath(path)) {
    forms.push(() => inJson(name, values));
    if (values.length > 0 && !values.some(looksAbsent) && !values.some(looksLikeJson))
      for (const write of [inBrackets, indexed, repeated]) forms.push(() => write(name, values));
  }
  return pick(forms, meta)();
};

const optional = ['page', 'cursor', 'sort', 'sortBy', 'name', 'local_name', 'search', 'disabled'].concat([
  'from_updatedAt',
  'from__id',
  'to__id',
  '_id',
]);

const encode = (text: string, { plus }: EncodingStyle) => {
  const encoded = encodeURIComponent(text);
  return plus ? encoded.replaceAll('%20', '+') : encoded;
};

/** The query string for a query and more parameters, in the given style. */
export const encodeQuery = (
  query: EncodableQuery,
  more: Record<string, string>,
  style: EncodingStyle,
): string => {
  const { ids, names, localNames, search, disabled, updatedAfter, fromText, toText, meta = [], sort } = query;
  const cased = style.capitals ? ids?.map((id) => id.toUpperCase()) : ids;
  const groups: Pair[][] = [
    cased ? pairsOfList('_id', cased, style) : [],
    names ? pairsOfList('name', names, style) : [],
    localNames ? pairsOfList('local_name', localNames, style) : [],
    search === undefined ? [] : [['search', search]],
    disabled === undefined ? [] : [['disabled', `${disabled}`]],
    updatedAfter === undefined ? [] : [['from_updatedAt', `${updatedAfter}`]],
    fromText === undefined ? [] : [['from__id', fromText]],
    toText === undefined ? [] : [['to__id', toText]],
    meta.flatMap(({ path, values }) => pairsOfMeta(path, values, style)),
    pairsOfSort(sort, style),
    Object.entries(more),
    optional.flatMap((name, bit): Pair[] =>
      (style.absent >> bit) & 1 ? [[name, pick(['', 'null', 'undefined'], bit)]] : [],
    ),
  ];
  const at = style.rotation % groups.length;
  return [...groups.slice(at), ...groups.slice(0, at)]
    .flat()
    .map(([name, value]) => {
      const brackets = style.rawBrackets
        ? encode(name, style).replaceAll('%5B', '[').replaceAll('%5D', ']')
        : encode(name, style);
      return `${brackets}=${encode(value, style)}`;
    })
    .join('&');
};
