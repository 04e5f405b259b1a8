import { Duration } from 'aws-cdk-lib';
import { Schedule as Rate, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import type { Schedule } from '../lib/manifest/schedules.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';
import { ServiceFunction } from './service-function.ts';

/** A function that runs by the clock, as its row says. */
export class ScheduledFunction extends ServiceFunction {
  constructor(scope: Construct, schedule: Schedule, environment: Environment) {
    const { channelsTable, projectionsTable: directoryTable } = namesOf(environment);
    const { name, handler, description, timeout, everyMinutes, actions, scans } = schedule;
    super(
      scope,
      {
        name,
        handler,
        description,
        timeoutSeconds: timeout,
        environmentVariables: { CHANNELS_TABLE: channelsTable, DIRECTORY_TABLE: directoryTable },
      },
      environment,
    );
    this.allowOnTable(actions.channels ?? [], channelsTable);
    this.allowOnTable(actions.directory ?? [], directoryTable);
    this.allowOnIndexes(['dynamodb:Scan'], channelsTable, scans);
    // It comes again by itself: a run that failed, or waited for its turn, is not to be repeated into the next. Lambda
    // would try it twice more, and keep it for 6 hours where it is throttled (Developer Guide, "Asynchronous invocation").
    this.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(everyMinutes) });
    new Rule(this, 'Clock', {
      description,
      schedule: Rate.rate(Duration.minutes(everyMinutes)),
      // The rule's own retries are of handing the event to Lambda.
      targets: [new LambdaFunction(this.function, { retryAttempts: 0 })],
    });
  }
}
