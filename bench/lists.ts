import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { begin, fill, idOf, targets } from './seed-namespace.ts';
import { type MeasuredService, startMeasuredService } from './measured-service.ts';

/** What is measured: a query over so many channels, and what it is called in the table. */
const forms: [name: string, query: (size: number) => string][] = [
  ['first page', () => ''],
  ['first page, downwards', () => 'sort=-_id'],
  ['page by number, in the middle', (size) => `page=${Math.floor(size / 2 / 25) + 3}`],
  ['page by number, the last', (size) => `page=${size / 25}`],
  ['page by number, in the middle, downwards', (size) => `sort=-_id&page=${Math.floor(size / 2 / 25) + 3}`],
  ['`from__id`, from the middle on', (size) => `from__id=${idOf(size / 2 + 40)}`],
  ['`from__id`, near the end', (size) => `from__id=${idOf(size - 60)}`],
  ['`to__id`, up to the middle', (size) => `to__id=${idOf(size / 2 + 40)}`],
  ['`disabled=true`', () => 'disabled=true'],
  ['`sort=disabled`', () => 'sort=disabled'],
  ['`sort=name`', () => 'sort=name'],
  ['`sort=-name`, page 40', () => 'sort=-name&page=40'],
  ['`name=`, one match', () => 'name=Shop 0001'],
  ['`sort=-updatedAt`', () => 'sort=-updatedAt'],
  ['`from_updatedAt`, 25 matches', (size) => `from_updatedAt=${begin + size - targets - 1}`],
  [
    '`from_updatedAt`, 25 matches, `sort=updatedAt`',
    (size) => `sort=updatedAt&from_updatedAt=${begin + size - targets - 1}`,
  ],
  ['`integration_meta.external_id=`, one match', () => 'integration_meta.external_id=ch_1'],
  ['`integration_meta.id=`, 25 matches', () => 'integration_meta.id=shared'],
  ['`_id=`, 25 ids', () => Array.from({ length: targets }, (_, ordinal) => `_id=${idOf(ordinal)}`).join('&')],
  ['`search`, 25 matches', () => 'search=target'],
  ['`search`, 25 matches, inside a word', () => 'search=arge'],
  ['`search`, 25 matches, `sort=name`', () => 'search=target&sort=name'],
  ['`search`, two words, one match', () => 'search=target 0000'],
  ['`search`, 25 matches, `disabled=false`', () => 'search=target&disabled=false'],
  ['`search`, all but 25', () => 'search=sho'],
  ['`local_name=`, which nothing serves', () => 'local_name=x'],
];

/** Forms that are walked by cursor: their second page is measured too. */
const walked = new Set(['first page', '`disabled=true`', '`sort=name`', '`from__id`, from the middle on']);

const costText = (cost: string): { calls: number; units: number } => {
  const [, calls, units] = /^calls=(\d+); rcu=([\d.]+);/.exec(cost) ?? [];
  return { calls: Number(calls), units: Number(units) };
};

interface Measure {
  text: string;
  units: number;
}

const measure = async (service: MeasuredService, key: string, query: string) => {
  const { status, body, cost } = await service.list(key, encodeURI(query));
  const { calls, units } = costText(cost);
  const text = status === 200 ? `${calls}: ${units}` : `${body.code}`;
  return {
    next: body.pagination?.next_cursor,
    measured: { text, units: status === 200 ? units : Number.NaN },
  };
};

/** What `names` of the forms cost, or all of them, over a namespace of its own. */
const measureAll = async (
  service: MeasuredService,
  size: number,
  waiting = 0,
  isMeasured = (_name: string) => true,
): Promise<Map<string, Measure>> => {
  const namespace = `of-${size}-${waiting}`;
  await fill(namespace, size, waiting);
  const key = await service.newKey(namespace);
  // The key's own look-up counts in the first request.
  await service.list(key, '');
  const measures = new Map<string, Measure>();
  for (const [name, query] of forms.filter(([name]) => isMeasured(name))) {
    const { measured, next } = await measure(service, key, query(size));
    measures.set(name, measured);
    if (!walked.has(name) || !next) continue;
    const second = await measure(service, key, `${query(size)}&cursor=${next}`);
    measures.set(`${name}: the next, by cursor`, second.measured);
  }
  return measures;
};

const group = (size: number) => size.toLocaleString('en');

const tableOf = (heads: string[], measures: Map<string, Measure>[], hasRatio: boolean): string => {
  const rows = [...(measures[0]?.keys() ?? [])].map((name) => {
    const cells = measures.map((each) => each.get(name) ?? { text: '', units: Number.NaN });
    const ratio = (cells.at(-1)?.units ?? 0) / (cells[0]?.units ?? 0);
    const texts = [name, ...cells.map(({ text }) => text)];
    return [...texts, ...(hasRatio ? [Number.isNaN(ratio) ? '' : ratio.toFixed(2)] : [])];
  });
  const head = ['list', ...heads, ...(hasRatio ? ['last ÷ first'] : [])];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
};

/** While marks wait: so many channels, of which so many are not settled, and what is asked of them. */
const loaded = 30_000;
const backlogs = [0, 1_000, 10_000, 29_000];
const asked = new Set([
  ...['first page', 'page by number, in the middle', 'page by number, the last', '`from__id`, near the end'],
  ...['`sort=name`', '`integration_meta.external_id=`, one match', '`search`, 25 matches'],
]);

const heading = '## Measured\n';
const page = new URL('../docs/lists.md', import.meta.url);

const textOf = (bySize: string, byBacklog: string): string => `${heading}
Calls and read units of a page of 25, strongly consistent where a list by id or a search is, over so many channels of 289
bytes: DynamoDB's own account, in \`x-consumed-capacity\`. \`npm run bench:lists\` measures it anew, \`-- --write\` keeps it
here.

${bySize}

While marks wait, as behind a bulk load: the same of ${group(loaded)} channels, of which so many have been created and not settled.

${byBacklog}
`;

const keep = (text: string): void => {
  const [before = ''] = readFileSync(page, 'utf8').split(heading);
  writeFileSync(page, before + text);
};

const { values } = parseArgs({
  options: {
    size: { type: 'string', multiple: true, default: ['1000', '10000', '100000'] },
    write: { type: 'boolean', default: false },
  },
});
const sizes = values.size.map(Number);
const service = await startMeasuredService();
try {
  const ofSizes: Map<string, Measure>[] = [];
  for (const size of sizes) ofSizes.push(await measureAll(service, size));
  const ofBacklogs: Map<string, Measure>[] = [];
  for (const waiting of backlogs)
    ofBacklogs.push(await measureAll(service, loaded, waiting, (name) => asked.has(name)));
  const text = textOf(
    tableOf(sizes.map(group), ofSizes, true),
    tableOf(backlogs.map(group), ofBacklogs, false),
  );
  console.log(text);
  if (values.write) keep(text);
} finally {
  await service.stop();
}
