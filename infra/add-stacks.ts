import { type App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ApiStack } from './api-stack.ts';
import { DataStack } from './data-stack.ts';
import type { Environment } from './environments.ts';
import { EventsStack } from './events-stack.ts';
import { tagsOf } from './names.ts';

/**
 * Adds the three stacks of one environment to an app. Synthesis fails if a resource breaks a rule of cdk-nag and no
 * reason is given for it.
 */
export const addStacks = (app: App, environment: Environment) => {
  const data = new DataStack(app, environment);
  const events = new EventsStack(app, environment);
  events.addStackDependency(data, 'It refers to the table, its stream and the topic by name');
  const api = new ApiStack(app, environment);
  api.addStackDependency(data, 'It refers to the tables, the secret and the topic by name');
  api.addStackDependency(events, 'Whoever reads the change log needs a function that numbers all changes');
  for (const [key, value] of Object.entries(tagsOf(environment))) Tags.of(app).add(key, value);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { data, api, events };
};
