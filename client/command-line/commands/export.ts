import { extname, resolve } from 'node:path';
import type { ChannelQuery } from '../../channel-query.ts';
import type { Channel } from '../../types.ts';
import { exitCodes, wrong } from '../command-error.ts';
import { connect } from '../connect.ts';
import { formatOfName, formats } from '../files/formats.ts';
import { formatChannels } from '../files/write-channels.ts';
import { writeFileAtOnce } from '../files/write-file.ts';
import { Progress } from '../output/progress.ts';
import { commonUsage, oneOf, parseArguments } from '../parse-arguments.ts';
import type { Command } from './command.ts';

const usage = `Usage: client-channels export [--format ndjson|csv] [--output <file>] [filters]
Writes all channels, in the order of their ids. A spreadsheet opens the CSV file. A text that begins with =, +, - or @ may be a
formula to it. Until the export is complete, the output has another name.

Examples:
  client-channels export --output channels.csv
  client-channels export --search retail --disabled false --output retail.ndjson
  client-channels export --integration_meta.source sap > sap.ndjson

  --format ndjson|csv   NDJSON has one JSON object on each line (default: as the name of the output says, or ndjson)
  --output <file>       (default: standard output)
Filters are those of the API. Each may be given several times: any of the values then matches.
  --_id <id>  --name <name>  --local_name <name>  --integration_meta.<path> <value>
Filters that are given once:
  --search <text>  --disabled true|false  --from_updatedAt <milliseconds>  --from__id <id>  --to__id <id>
${commonUsage}`;

const one = { type: 'string' } as const;
const several = { type: 'string', multiple: true } as const;

const metaFilter = /^--(integration_meta\.[^=]+)/;

/** The filters by metadata among the arguments: their names are not known beforehand. */
const metaOptions = (args: string[]): Record<string, typeof several> =>
  Object.fromEntries(
    args.flatMap((arg) => {
      const [, name] = metaFilter.exec(arg) ?? [];
      return name === undefined ? [] : [[name, several]];
    }),
  );

const numberOf = (option: string, text: string | undefined): number | undefined => {
  if (text !== undefined && !/^\d+$/.test(text)) throw wrong(`--${option} is a number, not "${text}".`);
  return text === undefined ? undefined : Number(text);
};

const workbooks = ['.xlsx', '.xlsm', '.xlsb', '.xls', '.ods', '.numbers'];

const checkOutput = (output: string): void => {
  if (workbooks.includes(extname(output).toLowerCase()))
    throw wrong(
      `The output ${output} would be no workbook. Use a name that ends with .csv: spreadsheets open it.`,
    );
};

export const exportCommand: Command = {
  summary: 'writes all channels into a file, CSV or NDJSON',
  usage,
  async run(args, terminal) {
    const meta = metaOptions(args);
    const { values } = parseArguments(args, {
      ...meta,
      format: one,
      output: one,
      search: one,
      disabled: one,
      from_updatedAt: one,
      from__id: one,
      to__id: one,
      _id: several,
      name: several,
      local_name: several,
    });
    const { output, search, from__id, to__id, _id, name, local_name } = values;
    if (output !== undefined) checkOutput(output);
    const disabled = oneOf('disabled', ['true', 'false'], values.disabled);
    const query = {
      search,
      disabled: disabled && disabled === 'true',
      from_updatedAt: numberOf('from_updatedAt', values.from_updatedAt),
      from__id,
      to__id,
      _id,
      name,
      local_name,
      ...Object.fromEntries(
        Object.keys(meta).map((filter) => [filter, (values as Record<string, unknown>)[filter]]),
      ),
    };
    const format = oneOf('format', formats, values.format) ?? formatOfName(output ?? '') ?? 'ndjson';
    const progress = new Progress(terminal);
    /** Nothing is read until the output is open. */
    async function* read(): AsyncGenerator<string, void, undefined> {
      const { connection } = await connect(values, terminal);
      const channels = connection.client.all(query as ChannelQuery, { signal: terminal.signal });
      yield* formatChannels(showProgress(channels, progress), format);
    }
    const write = async () => {
      if (output !== undefined)
        return writeFileAtOnce(resolve(terminal.folder, output), withByteOrderMark(read(), format));
      for await (const piece of read()) {
        // Standard output may be the same terminal.
        progress.end();
        await terminal.write(piece);
      }
    };
    await write().finally(() => progress.end());
    return exitCodes.done;
  },
};

/** How many channels a page has, as a rule. The progress is shown while the next page is read. */
const pageSize = 100;

async function* showProgress(channels: AsyncIterable<Channel>, progress: Progress) {
  let done = 0;
  for await (const channel of channels) {
    yield channel;
    if (++done % pageSize === 0) progress.show(done);
  }
}

/** Without it, Excel takes the text of a CSV file for another encoding. Programs that read standard output need none. */
async function* withByteOrderMark(pieces: AsyncIterable<string>, format: string) {
  if (format === 'csv') yield '\uFEFF';
  yield* pieces;
}
