import { type DescribedParameter, describedParameters } from './list-parameters.ts';

const exampleText = (name: string, example: unknown): string =>
  example === undefined
    ? ''
    : ` For example ${[example]
        .flat()
        .map((value) => `\`${name}=${value}\``)
        .join(' or ')}.`;

/**
 * Moves examples into the description, because Swagger UI fills every example and default into its form: a request with all
 * parameters at once would be invalid.
 */
const describeParameter = ({ example, content, ...parameter }: DescribedParameter) => {
  const json = content?.['application/json'];
  if (json)
    return {
      ...parameter,
      description: parameter.description + exampleText(parameter.name, JSON.stringify(json.example)),
      content: { 'application/json': { schema: { ...json.schema, default: [] } } },
    };
  if (parameter.style === 'deepObject')
    return {
      ...parameter,
      examples: { none: { summary: 'None', value: {} }, one: { summary: 'One', value: example } },
    };
  return { ...parameter, description: parameter.description + exampleText(parameter.name, example) };
};

/** Describes the query parameters of a list so that Swagger UI leaves all of them empty at first. */
export const describeQuery = () =>
  describedParameters.map((parameter) => ({ in: 'query', ...describeParameter(parameter) }));
