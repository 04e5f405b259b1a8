import { type DescribedParameter, describedParameters } from '../lists/parameters/described.ts';

/** Pages that try the API fill in the first example: of all filters at once no request could be made. */
const optional = (none: unknown, value: unknown) => ({
  none: { summary: 'None', value: none },
  one: { summary: 'One', value },
});

const inWords = (name: string, example: unknown): string =>
  example === undefined
    ? ''
    : ` For example ${[example]
        .flat()
        .map((value) => `\`${name}=${value}\``)
        .join(' or ')}.`;

const describe = ({ example, content, ...parameter }: DescribedParameter) => {
  const json = content?.['application/json'];
  if (json)
    return {
      ...parameter,
      content: { 'application/json': { schema: json.schema, examples: optional([], json.example) } },
    };
  return parameter.style === 'deepObject'
    ? { ...parameter, examples: optional({}, example) }
    : { ...parameter, description: parameter.description + inWords(parameter.name, example) };
};

/** The query parameters of a list, none of them filled in before somebody asks for it. */
export const describeQuery = () =>
  describedParameters.map((parameter) => ({ in: 'query', ...describe(parameter) }));
