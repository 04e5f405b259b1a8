import { type App, type StackProps, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ApiStack } from './api-stack.ts';
import { DataStack } from './data-stack.ts';
import type { Environment } from './environments.ts';
import { EventsStack } from './events-stack.ts';

/** One environment's stacks. Synthesis fails where they break one of AWS's rules without a reason beside it. */
export const addStacks = (app: App, environment: Environment, props: StackProps = {}) => {
  const data = new DataStack(app, environment, props);
  const api = new ApiStack(app, environment, props);
  api.addStackDependency(data, 'It names the tables, the secret and the topic');
  const events = new EventsStack(app, environment, props);
  events.addStackDependency(data, 'It names the table, its stream and the topic');
  Tags.of(app).add('service', 'client-channels');
  Tags.of(app).add('environment', environment.name);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { data, api, events };
};
