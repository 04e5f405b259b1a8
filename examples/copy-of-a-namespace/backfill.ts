import { ChannelsClient } from '../../client/index.ts';
import { backfill } from './copy.ts';
import { putIfNewer } from './copy-consumer.ts';
import { exitWithMessage } from './exit-with-message.ts';

/** Fills the table of the deployed consumer. The README shows the command. */
const { URL: url = '', KEY: key = '', NAMESPACE: namespace = '' } = process.env;
await backfill(new ChannelsClient({ url, key, namespace }), namespace, putIfNewer).catch(exitWithMessage);
