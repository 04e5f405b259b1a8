import { similarName } from '../../text/similar-name.ts';
import { collectIssues, type Parser, type RawParameters } from './parser.ts';
import { parseQueryString } from './raw-parameters.ts';

/**
 * The message for an unknown parameter: what it may have meant, or what there is.
 * @param paths further names that it may have meant
 */
export const unknownParameter = (name: string, known: readonly string[], paths: string[] = []): string => {
  const similar = similarName(name, [...known, ...paths]);
  return `is not known (${similar ? `did you mean ${similar}?` : `known: ${known.join(', ')}`})`;
};

/**
 * Parses the raw query string of an operation with a few parameters. A parameter that is empty, `null` or `undefined` counts
 * as absent, but its name must be known.
 * @param parsers one for each parameter, by its name
 * @throws ApiError `invalid_request`; its details are the first 100 problems
 */
export const parseNamedParameters = <Values extends object>(
  rawQueryString: string,
  parsers: { [Name in keyof Values]: Parser<NonNullable<Values[Name]>> },
): Partial<Values> => {
  const { addIssue, throwIfAny } = collectIssues();
  const known = new Map(Object.entries<Parser<unknown>>(parsers));
  const raw = Map.groupBy(parseQueryString(rawQueryString), ({ path: [name] }) => name);
  const values: Record<string, unknown> = {};
  for (const [name, withThatName] of raw) {
    const parse = known.get(name);
    if (parse) values[name] = parse(withThatName as RawParameters, addIssue);
    else addIssue(name, unknownParameter(name, [...known.keys()]));
  }
  throwIfAny();
  return values as Partial<Values>;
};
