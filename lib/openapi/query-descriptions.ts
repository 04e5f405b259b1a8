import { type DescribedParameter, describedParameters } from './list-parameters.ts';

const exampleText = (name: string, example: unknown): string =>
  example === undefined
    ? ''
    : ` For example ${[example]
        .flat()
        .map((value) => `\`${name}=${value}\``)
        .join(' or ')}.`;

/** Pages that try the API fill in the first example, or a default: of all filters at once no request could be made. */
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

/** The query parameters of a list, none of them filled in before somebody asks for it. */
export const describeQuery = () =>
  describedParameters.map((parameter) => ({ in: 'query', ...describeParameter(parameter) }));
