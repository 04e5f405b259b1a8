import { CfnOutput, Stack } from 'aws-cdk-lib';
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
 * The stream consumers of the channels table, the scheduled functions, and the event bus on which other systems subscribe
 * to events.
 */
export class EventsStack extends Stack {
  constructor(scope: Construct, environment: Environment) {
    const names = namesOf(environment);
    super(scope, names.eventsStack, {
      description: `Client channels, ${environment.name}: stream consumers, scheduled functions and the event bus`,
      // Other systems attach rules to the bus.
      terminationProtection: environment.keepsData,
      env: environment.deployedTo,
    });
    const bus = new EventBus(this, 'Bus', {
      eventBusName: names.eventBus,
      description: 'Changes of channels: docs/events.md',
    });
    const alarms = new Alarms(this, environment);
    for (const consumer of streamConsumers) {
      const created = new StreamConsumerFunction(this, consumer, environment);
      alarms.addStreamConsumerAlarms(consumer.name, created);
    }
    alarms.addPendingChangeAlarms();
    for (const schedule of schedules) {
      const created = new ScheduledFunction(this, schedule, environment);
      alarms.addScheduleAlarms(schedule, created.function);
    }
    new CfnOutput(this, 'EventBus', { value: bus.eventBusName });
  }
}
