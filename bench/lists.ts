import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type MeasuredService, startMeasuredService } from './measured-service.ts';
import { idOf, matches, seedNamespace, startTime } from './seed-namespace.ts';

const firstExternalIds = Array.from({ length: 100 }, (_, ordinal) => `ch_${ordinal}`);

/** The measured lists: the name in the table, and the query over a namespace of a given size. */
const lists: [name: string, query: (size: number) => string][] = [
  ['first page', () => ''],
  ['first page, descending', () => 'sort=-_id'],
  ['page by number, in the middle', (size) => `page=${Math.floor(size / 2 / 25) + 3}`],
  ['page by number, the last', (size) => `page=${size / 25}`],
  ['page by number, in the middle, descending', (size) => `sort=-_id&page=${Math.floor(size / 2 / 25) + 3}`],
  ['`from__id`, from the middle', (size) => `from__id=${idOf(size / 2 + 40)}`],
  ['`from__id`, near the end', (size) => `from__id=${idOf(size - 60)}`],
  ['`to__id`, up to the middle', (size) => `to__id=${idOf(size / 2 + 40)}`],
  ['`disabled=true`', () => 'disabled=true'],
  ['`sort=disabled`', () => 'sort=disabled'],
  ['`sort=name`', () => 'sort=name'],
  ['`sort=-name`, page 40', () => 'sort=-name&page=40'],
  ['`name=`, one match', () => 'name=Shop 0001'],
  ['`sort=-updatedAt`', () => 'sort=-updatedAt'],
  ['`from_updatedAt`, 25 matches', (size) => `from_updatedAt=${startTime + size - matches - 1}`],
  [
    '`from_updatedAt`, 25 matches, `sort=updatedAt`',
    (size) => `sort=updatedAt&from_updatedAt=${startTime + size - matches - 1}`,
  ],
  ['`integration_meta.external_id=`, one match', () => 'integration_meta.external_id=ch_1'],
  [
    '`integration_meta.external_id=`, 100 values, one match each',
    () => `integration_meta.external_id=${JSON.stringify(firstExternalIds)}`,
  ],
  ['`integration_meta.id=`, 25 matches', () => 'integration_meta.id=shared'],
  ['`_id=`, 25 ids', () => Array.from({ length: matches }, (_, ordinal) => `_id=${idOf(ordinal)}`).join('&')],
  ['`search`, 25 matches', () => 'search=target'],
  ['`search`, 25 matches, inside a word', () => 'search=arge'],
  ['`search`, 25 matches, `sort=name`', () => 'search=target&sort=name'],
  ['`search`, two words, one match', () => 'search=target 0000'],
  ['`search`, 25 matches, `disabled=false`', () => 'search=target&disabled=false'],
  ['`search`, all but 25', () => 'search=sho'],
  ['`search`, all but 25, `disabled=true`', () => 'search=sho&disabled=true'],
  ['`search`, all but 25, `name=`', () => 'search=sho&name=Shop 0001'],
  ['`local_name=`, which no index serves', () => 'local_name=x'],
];

/** The lists whose second page, by cursor, is measured too. */
const withSecondPage = new Set([
  'first page',
  '`disabled=true`',
  '`sort=name`',
  '`from__id`, from the middle',
]);

const parseCost = (cost: string): { calls: number; units: number } => {
  const [, calls, units] = /^calls=(\d+); rcu=([\d.]+);/.exec(cost) ?? [];
  return { calls: Number(calls), units: Number(units) };
};

interface Measure {
  text: string;
  units: number;
}

const measure = async (service: MeasuredService, key: string, query: string) => {
  const { status, body, cost } = await service.list(key, encodeURI(query));
  const { calls, units } = parseCost(cost);
  const text = status === 200 ? `${calls}: ${units}` : `${body.code}`;
  return {
    next: body.pagination?.next_cursor,
    measured: { text, units: status === 200 ? units : Number.NaN },
  };
};

/** Measures the lists over a new namespace. */
const measureAll = async (
  service: MeasuredService,
  size: number,
  pending = 0,
  isMeasured = (_name: string) => true,
): Promise<Map<string, Measure>> => {
  const namespace = `of-${size}-${pending}`;
  await seedNamespace(namespace, size, pending);
  const key = await service.newKey(namespace);
  // The first request also pays for the lookup of the API key.
  await service.list(key, '');
  const measures = new Map<string, Measure>();
  for (const [name, query] of lists.filter(([name]) => isMeasured(name))) {
    const { measured, next } = await measure(service, key, query(size));
    measures.set(name, measured);
    if (!withSecondPage.has(name) || !next) continue;
    const second = await measure(service, key, `${query(size)}&cursor=${next}`);
    measures.set(`${name}; the next page, by cursor`, second.measured);
  }
  return measures;
};

const format = (count: number) => count.toLocaleString('en');

const toTable = (heads: string[], measures: Map<string, Measure>[], hasRatio: boolean): string => {
  const rows = [...(measures[0]?.keys() ?? [])].map((name) => {
    const cells = measures.map((each) => each.get(name) ?? { text: '', units: Number.NaN });
    const ratio = (cells.at(-1)?.units ?? 0) / (cells[0]?.units ?? 0);
    const texts = [name, ...cells.map(({ text }) => text)];
    return [...texts, ...(hasRatio ? [Number.isNaN(ratio) ? '' : ratio.toFixed(2)] : [])];
  });
  const head = ['list', ...heads, ...(hasRatio ? ['last ÷ first'] : [])];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
};

/** The second table: a namespace of one size, in which some channels still have a pending change. */
const sizeWithPending = 30_000;
const pendingCounts = [0, 1_000, 10_000, 29_000];
const listsWithPending = new Set([
  'first page',
  'page by number, in the middle',
  'page by number, the last',
  '`from__id`, near the end',
  '`sort=name`',
  '`integration_meta.external_id=`, one match',
  '`search`, 25 matches',
]);

const heading = '## Measured\n';
const page = new URL('../docs/performance.md', import.meta.url);

const toSection = (bySize: string, byPending: string): string => `${heading}
Each cell is "calls: read units" of one page of 25 channels. The head of the column is the size of the namespace; a
channel has 289 bytes. The figures are DynamoDB's own, from the header \`x-consumed-capacity\`. Lists by id and searches
are strongly consistent. \`npm run bench:lists\` measures them again, and \`-- --write\` writes them here.

${bySize}

The same lists while pending changes wait, as during a bulk load. The namespace has ${format(sizeWithPending)} channels. The head of the
column is the number of channels that the projector has not yet applied.

${byPending}
`;

/** Replaces the section of the page with this heading. */
const writeSection = (text: string): void => {
  const sections = readFileSync(page, 'utf8').split(/^(?=## )/m);
  const index = sections.findIndex((section) => section.startsWith(heading));
  if (index < 0) throw new Error(`docs/performance.md has no section "${heading.trim()}".`);
  sections[index] = index === sections.length - 1 ? text : `${text}\n`;
  writeFileSync(page, sections.join(''));
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
  const bySize: Map<string, Measure>[] = [];
  for (const size of sizes) bySize.push(await measureAll(service, size));
  const byPending: Map<string, Measure>[] = [];
  for (const pending of pendingCounts)
    byPending.push(await measureAll(service, sizeWithPending, pending, (name) => listsWithPending.has(name)));
  const section = toSection(
    toTable(
      sizes.map((size) => `${format(size)} channels`),
      bySize,
      true,
    ),
    toTable(
      pendingCounts.map((count) => `${format(count)} pending changes`),
      byPending,
      false,
    ),
  );
  console.log(section);
  if (values.write) writeSection(section);
} finally {
  await service.stop();
}
