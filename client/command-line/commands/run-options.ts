import { defaultMatch } from '../../upsert.ts';
import { maxMebibytes } from '../files/read-content.ts';

export const matches = [defaultMatch, 'integration_meta.id'] as const;

export const fileUsage = `The file is NDJSON, with one JSON object on each line, or CSV with a header:
  name,local_name,disabled,integration_meta.external_id,integration_meta.region
Every row needs its key. A row for a new channel also needs a name. An empty cell, or a field that is not there, leaves the
channel as it is. In CSV, disabled is true or false, in capitals too, and company_namespace is one namespace or a JSON array. Without
it, a new channel is in the namespace of the command. In integration_meta, true, false, 5 and 1.5 are values; TRUE and 1,5 are texts.
Fields that the service sets, such as _id, are ignored, so that the file of an export can be used. A file has at most
${maxMebibytes} MiB.`;

export const runUsage = `Each run has a folder in .client-channels, and ends with its name. If it is stopped, run the same command again: it goes on
where it was. Rows that fail are in a file of this folder, with the reasons.
"client-channels undo <run> --dry-run" lists what a run changed, with the ids, and --json prints what became of each row.`;

/** The options of a run. */
export const runOptions = {
  match: { type: 'string' },
  format: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  new: { type: 'boolean', default: false },
} as const;

export const runOptionsUsage = `  --match <path>            where the key is: integration_meta.external_id (default) or integration_meta.id
  --dry-run                 writes nothing
  --new                     begins anew, although the same command was stopped
  --format ndjson|csv       (default: as the name of the file says, or as the file begins)`;
