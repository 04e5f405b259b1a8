import { App } from 'aws-cdk-lib';
import { addStacks } from '../../infra/add-stacks.ts';
import { findEnvironment } from '../../infra/environments.ts';

/** The stacks of dev with changed settings. The context `changes` holds the changes as JSON. */
const app = new App();
const changes = JSON.parse(app.node.tryGetContext('changes'));
addStacks(app, { ...findEnvironment('dev'), ...changes });
