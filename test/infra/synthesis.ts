import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { addStacks } from '../../infra/add-stacks.ts';
import { type Environment, emulatedAws } from '../../infra/environments.ts';
import { namesOf } from '../../infra/names.ts';

export interface Resource {
  Type: string;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read properties of any resource type
  Properties: any;
}

export type Resources = Record<string, Resource>;

export interface Synthesis {
  data: Resources;
  api: Resources;
  events: Resources;
}

type Intrinsic = { Ref?: string; 'Fn::GetAtt'?: [string, string]; 'Fn::Join'?: [string, unknown[]] };

interface Parameter {
  Type: string;
  Default?: string;
}

/**
 * Replaces references in a value of a template by `<logical id>` or `<logical id>.<attribute>`, or by what `parameters` has
 * for the logical id.
 */
const resolveReferences = (value: unknown, parameters: Record<string, string>): unknown => {
  const resolve = (inner: unknown) => resolveReferences(inner, parameters);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(resolve);
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': joined } = value as Intrinsic;
  if (Ref !== undefined) return Ref === 'AWS::Partition' ? 'aws' : (parameters[Ref] ?? Ref);
  if (attribute) return attribute.join('.');
  if (joined) return joined[1].map(resolve).join(joined[0]);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
};

/** The parameters of a template that CloudFormation reads from Parameter Store at each deployment. */
const storedParameters = ({ Parameters = {} }: { Parameters?: Record<string, Parameter> }) =>
  Object.fromEntries(
    Object.entries(Parameters)
      .filter(([, { Type }]) => Type === 'AWS::SSM::Parameter::Value<String>')
      .map(([id, { Default }]) => [id, `stored parameter ${Default}`]),
  );

/** The CDK's command line passes them to the app. Without them, the app would synthesize other templates than it deploys. */
const featureFlags = (): Record<string, unknown> => JSON.parse(readFileSync('cdk.json', 'utf8')).context;

/**
 * Synthesizes the stacks that `build` adds to an app, in this process and without network.
 * @returns a function that returns the resources of a stack by its name.
 * @throws Error if a resource breaks a rule of cdk-nag.
 */
export const synthesizeApp = (build: (app: App) => void): ((stack: string) => Resources) => {
  const outdir = mkdtempSync(join(tmpdir(), 'synthesis-'));
  try {
    const app = new App({ outdir, context: featureFlags() });
    build(app);
    const assembly = app.synth();
    const stacks = new Map(
      assembly.stacks.map(({ stackName, template }) => [
        stackName,
        resolveReferences(template.Resources, storedParameters(template)) as Resources,
      ]),
    );
    return (stack) => stacks.get(stack) ?? {};
  } finally {
    rmSync(outdir, { recursive: true });
  }
};

/** Synthesizes the three stacks of an environment. */
export const synthesizeStacks = (environment: Environment): Synthesis => {
  const resourcesOf = synthesizeApp((app) => {
    addStacks(app, { ...environment, deployedTo: emulatedAws });
  });
  const { dataStack, apiStack, eventsStack } = namesOf(environment);
  return {
    data: resourcesOf(dataStack),
    api: resourcesOf(apiStack),
    events: resourcesOf(eventsStack),
  };
};

/** The resources of one type, by logical id. */
export const resourcesOfType = (resources: Resources, type: string): [string, Resource['Properties']][] =>
  Object.entries(resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, { Properties }]) => [id, Properties]);

/** @throws Error if there is no Lambda function with this name. */
export const findFunction = (resources: Resources, functionName: string) => {
  const found = resourcesOfType(resources, 'AWS::Lambda::Function').find(
    ([, fn]) => fn.FunctionName === functionName,
  );
  if (!found) throw new Error(`There is no function ${functionName}`);
  return { id: found[0], properties: found[1] };
};

interface Statement {
  Action: string | string[];
  Resource: string | string[];
}

const grantsIn = ({ Action, Resource }: Statement): string[] =>
  [Action].flat().flatMap((action) => [Resource].flat().map((resource) => `${action} ${resource}`));

/** Grants of actions on resources, as `<action> <resource>`. */
export const grants = (actions: readonly string[], resources: string[]): string[] =>
  grantsIn({ Action: [...actions], Resource: resources });

/** All grants of a role's policies, sorted. The CDK merges statements, so a test cannot know in which one a grant is. */
export const grantsOf = (resources: Resources, role: string): string[] =>
  resourcesOfType(resources, 'AWS::IAM::Policy')
    .filter(([, policy]) => policy.Roles.some((name: string) => role === `${name}.Arn`))
    .flatMap(([, policy]) => policy.PolicyDocument.Statement as Statement[])
    .flatMap(grantsIn)
    .sort();
