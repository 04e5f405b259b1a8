import type { DescribedParameter } from './list-parameters.ts';

const exampleText = (name: string, example: unknown): string =>
  example === undefined
    ? ''
    : ` For example ${[example]
        .flat()
        .map((value) => `\`${name}=${value}\``)
        .join(' or ')}.`;

/**
 * Puts the example into the description and into the schema, and not beside the schema: Swagger UI would fill it into its
 * form, and a request with all parameters at once would be invalid.
 */
const describeParameter = ({ example, schema, ...parameter }: DescribedParameter) => ({
  in: 'query',
  ...parameter,
  description: parameter.description + exampleText(parameter.name, example),
  // Tools such as Postman fill in the example, or else the default.
  schema: example === undefined || 'default' in schema ? schema : { ...schema, examples: [example] },
});

/** Describes query parameters so that Swagger UI leaves all of them empty at first. */
export const describeQuery = (parameters: DescribedParameter[]) => parameters.map(describeParameter);
