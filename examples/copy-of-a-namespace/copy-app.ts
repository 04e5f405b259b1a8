import { App } from 'aws-cdk-lib';
import { CopyStack } from './copy-stack.ts';

/** `npx cdk deploy --app "node --import tsx examples/copy-of-a-namespace/copy-app.ts" -c environment=dev -c namespace=acme` */
const app = new App();
const environment: string = app.node.tryGetContext('environment') ?? 'dev';
const namespace: string = app.node.tryGetContext('namespace') ?? 'acme';
new CopyStack(app, `copy-of-${namespace}-${environment}`, {
  eventBusName: `client-channels-${environment}`,
  namespace,
});
