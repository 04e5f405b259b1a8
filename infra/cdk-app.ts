import { App } from 'aws-cdk-lib';
import { addStacks } from './add-stacks.ts';
import { findEnvironment } from './environments.ts';

/** The CDK takes the account and region from the shell. */
const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;

const app = new App();
try {
  const environment = findEnvironment(app.node.tryGetContext('environment'));
  addStacks(app, environment, { env: { ...(account && { account }), ...(region && { region }) } });
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
