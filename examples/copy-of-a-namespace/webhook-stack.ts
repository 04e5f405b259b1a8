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
  /** The name of an environment's event bus: `client-channels-<environment>`. */
  eventBusName: string;
  namespace: string;
  /** The HTTPS URL that each event is posted to. */
  url: string;
  /** The name of the Secrets Manager secret whose text is sent as `x-api-key`. */
  secret: string;
}

/** Posts each event of a namespace to a webhook, with an API destination of EventBridge and no code. */
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
          // With it the receiver recognises a repeated event before it reads the body.
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
