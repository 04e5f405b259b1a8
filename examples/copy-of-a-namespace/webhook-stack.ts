import { Duration, SecretValue, Stack, type StackProps } from 'aws-cdk-lib';
import {
  ApiDestination,
  Authorization,
  Connection,
  EventBus,
  EventField,
  type IApiDestination,
  Rule,
  RuleTargetInput,
} from 'aws-cdk-lib/aws-events';
import { ApiDestination as ApiDestinationTarget } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export interface WebhookStackProps extends StackProps {
  /** The event bus of an environment: `client-channels-<environment>`. */
  eventBusName: string;
  namespace: string;
  /** Where each event is posted, over HTTPS. */
  url: string;
  /** The Secrets Manager secret whose text is sent as `x-api-key`, by name. */
  secret: string;
}

/** Each event of a namespace as a POST to a webhook: EventBridge's API destinations, with no code. */
export class WebhookStack extends Stack {
  constructor(scope: Construct, id: string, props: WebhookStackProps) {
    const { eventBusName, namespace, url, secret, ...stack } = props;
    super(scope, id, stack);
    const connection = new Connection(this, 'Connection', {
      authorization: Authorization.apiKey('x-api-key', SecretValue.secretsManager(secret)),
    });
    const destination = new ApiDestination(this, 'Webhook', {
      connection,
      endpoint: url,
      rateLimitPerSecond: 10,
    });
    new Rule(this, 'Changes', {
      eventBus: EventBus.fromEventBusName(this, 'Bus', eventBusName),
      eventPattern: { source: ['client-channels'], detail: { namespace: [namespace] } },
      targets: [
        new ApiDestinationTarget(destination as IApiDestination, {
          event: RuleTargetInput.fromObject({
            type: EventField.detailType,
            change: EventField.fromPath('$.detail'),
          }),
          // The receiver can tell a repetition by it, before it reads the body.
          headerParameters: { 'Idempotency-Key': EventField.fromPath('$.detail.id') },
          retryAttempts: 185,
          maxEventAge: Duration.hours(24),
          deadLetterQueue: new Queue(this, 'DeadLetters', {
            enforceSSL: true,
            retentionPeriod: Duration.days(14),
          }),
        }),
      ],
    });
  }
}
