import { App } from 'aws-cdk-lib';
import { addStacks } from './add-stacks.ts';
import { findEnvironment } from './environments.ts';
import { withRestoredTables } from './restored-tables.ts';

const app = new App();
try {
  addStacks(app, await withRestoredTables(findEnvironment(app.node.tryGetContext('environment'))));
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
