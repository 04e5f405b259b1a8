import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { schedules } from '../lib/manifest/schedules.ts';
import { streamConsumers } from '../lib/manifest/stream-consumers.ts';
import { Alarms } from './alarms.ts';
import type { Environment } from './environments.ts';
import { namesOf } from './names.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import { StreamConsumerFunction } from './stream-consumer-function.ts';

/**
 * What follows the channels table: a function on its stream for each row of the consumers, one by the clock for each of the
 * schedules, and the event bus to whose events others subscribe.
 */
export class EventsStack extends Stack {
  constructor(scope: Construct, environment: Environment, props: StackProps = {}) {
    const names = namesOf(environment);
    super(scope, names.eventsStack, {
      description: `Client channels, ${environment.name}: what follows the table's stream, and the event bus`,
      // Rules of others hang on the bus.
      terminationProtection: environment.keepsData,
      ...props,
    });
    const bus = new EventBus(this, 'Bus', {
      eventBusName: names.eventBus,
      description: 'What becomes of channels: docs/events.md',
    });
    const alarms = new Alarms(this, environment);
    for (const consumer of streamConsumers) {
      const made = new StreamConsumerFunction(this, consumer, environment);
      alarms.addStreamConsumerAlarms(consumer.name, made.function, made.deadLetters);
    }
    for (const schedule of schedules) {
      const made = new ScheduledFunction(this, schedule, environment);
      alarms.addScheduleAlarms(schedule, made.function);
    }
    new CfnOutput(this, 'EventBus', { value: bus.eventBusName });
  }
}
