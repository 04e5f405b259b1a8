import { Duration } from 'aws-cdk-lib';
import { Schedule as Rate, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import type { Schedule } from '../lib/manifest/schedules.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';
import { ServiceFunction } from './service-function.ts';

/** A function that runs on the schedule of its manifest row. */
export class ScheduledFunction extends ServiceFunction {
  constructor(scope: Construct, schedule: Schedule, environment: Environment) {
    const { name, handler, description, timeoutSeconds, everyMinutes, permissions } = schedule;
    const environmentVariables = { METRIC_NAMESPACE: namesOf(environment).metricNamespace };
    super(
      scope,
      { name, handler, description, timeoutSeconds, permissions, environmentVariables },
      environment,
    );
    // The next scheduled run replaces a failed or throttled one, so retries would only overlap with it. By default, Lambda
    // retries twice, and keeps a throttled event for 6 hours (Developer Guide, "Asynchronous invocation").
    this.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(everyMinutes) });
    new Rule(this, 'Schedule', {
      description,
      schedule: Rate.rate(Duration.minutes(everyMinutes)),
      // These are EventBridge's retries of passing the event to Lambda.
      targets: [new LambdaFunction(this.function, { retryAttempts: 0 })],
    });
  }
}
