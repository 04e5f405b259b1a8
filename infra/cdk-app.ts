import { App } from 'aws-cdk-lib';
import { addStacks } from './add-stacks.ts';
import { findEnvironment } from './environments.ts';
import { withRestoredStream, withRestoredTables } from './restored-tables.ts';

const app = new App();
try {
  const environment = findEnvironment(app.node.tryGetContext('environment'));
  addStacks(app, await withRestoredStream(await withRestoredTables(environment)));
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
