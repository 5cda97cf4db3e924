/**
 * Draws the store's results as one SVG, and prints them as one table: `node bench/dist/store/draw.js [FILE.json…] [--out FILE.svg]`. Without files, all passes
 * in `bench/results/`. Each row is a bar from 1 (as etcd) to its median ratio, on a logarithmic scale and turned so that right
 * is better for us; a thin line spans the turns, a mark shows what is asked.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Pass, type ReportedRow, comparedTable, majorOf } from './report.ts';
import { escapeXml } from './svg.ts';
import { shortNumber } from './turns.ts';

const resultsDirectory = fileURLToPath(new URL('../../results/', import.meta.url));
const defaultOut = `${resultsDirectory}store.svg`;

const width = 1_240;
const labelWidth = 500;
const figuresWidth = 280;
const rowHeight = 22;
const headHeight = 86;
const legendHeight = 34;
/** The scale ends here, on both sides: what is beyond is cut, and its number says so. */
const extremeRatio = 8;

const plot = { from: labelWidth, to: width - figuresWidth };
const middle = (plot.from + plot.to) / 2;

/** Right of the middle is better for us. */
function xOf(advantage: number): number {
  const share = Math.log(Math.min(extremeRatio, Math.max(1 / extremeRatio, advantage))) / Math.log(extremeRatio);
  return middle + share * ((plot.to - plot.from) / 2);
}

/** Times, memory: the less the better. */
const lessIsBetter = ({ unit }: ReportedRow): boolean => ['ms', 's', 'MiB'].includes(unit);
const advantageOf = (row: ReportedRow, ratio: number): number => (lessIsBetter(row) ? 1 / ratio : ratio);

interface Drawn {
  readonly node: string;
  readonly row: ReportedRow;
}

function barOf({ node, row }: Drawn, y: number, judged: boolean): string {
  const at = (ratio: number): number => xOf(advantageOf(row, ratio));
  const end = at(row.ratio.median);
  const [left, right] = [Math.min(middle, end), Math.max(middle, end)];
  const [low, high] = [at(row.ratio.min), at(row.ratio.max)].sort((a, b) => a - b);
  const asked = row.target?.of === 'ratio' ? (row.target.atLeast ?? row.target.atMost) : undefined;
  const tone = row.met === undefined ? 'plain' : row.met ? 'met' : 'short';
  const verdict = row.met === undefined ? '' : row.met ? ' ✓' : ' short';
  const figures = `${row.ratio.median.toFixed(2)}${verdict}`;
  const values = `${shortNumber(row.flotilla.median)} / ${shortNumber(row.etcd.median)} ${row.unit}`;
  const title = `Node ${node}: Flotilla ${values.replace(' / ', ', etcd ')}, ratio ${row.ratio.min.toFixed(2)} to ${row.ratio.max.toFixed(2)}`;
  return [
    `<g><title>${escapeXml(title)}</title>`,
    `<rect class="${tone}${judged ? '' : ' beside'}" x="${left.toFixed(1)}" y="${y + 5}" width="${Math.max(1, right - left).toFixed(1)}" height="${rowHeight - 10}"/>`,
    `<line class="spread" x1="${low?.toFixed(1)}" x2="${high?.toFixed(1)}" y1="${y + rowHeight / 2}" y2="${y + rowHeight / 2}"/>`,
    ...(asked === undefined
      ? []
      : [
          `<line class="asked" x1="${at(asked).toFixed(1)}" x2="${at(asked).toFixed(1)}" y1="${y + 2}" y2="${y + rowHeight - 2}"/>`,
        ]),
    `<text x="${plot.to + 10}" y="${y + 15}">${escapeXml(figures)}</text>`,
    `<text class="faint" x="${width - 8}" y="${y + 15}" text-anchor="end">${escapeXml(values)}</text></g>`,
  ].join('');
}

function axis(height: number): readonly string[] {
  return [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8].map((advantage) => {
    const x = xOf(advantage).toFixed(1);
    const label = advantage === 1 ? 'as etcd' : advantage > 1 ? `${advantage}×` : `1/${1 / advantage}`;
    return (
      `<line class="${advantage === 1 ? 'zero' : 'grid'}" x1="${x}" x2="${x}" y1="${headHeight - 8}" y2="${height - legendHeight}"/>` +
      `<text class="faint" x="${x}" y="${headHeight - 14}" text-anchor="middle">${label}</text>`
    );
  });
}

const style =
  'text{font:12px system-ui,sans-serif;fill:#24292f}.head{font-size:16px;font-weight:600}.faint{fill:#57606a;font-size:11px}' +
  '.ground{fill:#fff}.grid{stroke:#d8dee4}.zero{stroke:#57606a;stroke-width:1.5}.met{fill:#2da44e}.short{fill:#d4793a}.plain{fill:#8c959f}' +
  '.beside{opacity:.55}.spread{stroke:#24292f;stroke-width:1.2}.asked{stroke:#0969da;stroke-width:2.5}' +
  '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.faint{fill:#8d96a0}.ground{fill:#0d1117}.grid{stroke:#30363d}' +
  '.zero{stroke:#8d96a0}.spread{stroke:#e6edf3}.asked{stroke:#58a6ff}}';

function draw(passes: readonly Pass[]): string {
  const machine = passes[0]?.machine;
  if (!machine) throw new Error('there is nothing to draw: run the benchmarks first');
  const names = [...new Set(passes.flatMap(({ rows }) => rows.map(({ name }) => name)))];
  const lines = names.flatMap((name) =>
    passes.flatMap(({ machine: { node }, rows }, i) =>
      rows.filter((row) => row.name === name).map((row) => ({ name, node: majorOf(node), row, judged: i === 0 })),
    ),
  );
  const height = headHeight + lines.length * rowHeight + legendHeight;
  const nodes = passes.map((pass) => pass.machine.node).join(' and ');
  const subtitle = `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}; Node ${nodes}; three members each, one machine, same load in turns`;
  const bars = lines.map(({ name, node, row, judged }, i) => {
    const y = headHeight + i * rowHeight;
    const isFirst = lines[i - 1]?.name !== name;
    const label = isFirst ? name : '';
    const nodeLabel =
      passes.length > 1
        ? `<text class="faint" x="${labelWidth - 8}" y="${y + 15}" text-anchor="end">${node}</text>`
        : '';
    return `<text x="8" y="${y + 15}">${escapeXml(label)}</text>${nodeLabel}${barOf({ node, row }, y, judged)}`;
  });
  const legendY = height - 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>Flotilla's store beside etcd ${machine.etcd}</title><style>${style}</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    `<text class="head" x="8" y="24">Flotilla's store beside etcd ${escapeXml(machine.etcd ?? '')}: right is better for Flotilla</text>`,
    `<text class="faint" x="8" y="43">${escapeXml(subtitle)}</text>`,
    ...axis(height),
    ...bars,
    `<text class="faint" x="8" y="${legendY}">Bar: median ratio over the turns. Thin line: smallest to largest. Blue mark: what is asked. Right: ratio Flotilla ÷ etcd, then both medians.</text>`,
    '</svg>',
    '',
  ].join('\n');
}

/** The newest Node first: it is the one that is judged. */
function storedPasses(): readonly string[] {
  return readdirSync(resultsDirectory)
    .filter((name) => /^store-node\d+\.json$/.test(name))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => `${resultsDirectory}${name}`);
}

const { values, positionals } = parseArgs({
  options: { out: { type: 'string', default: defaultOut } },
  allowPositionals: true,
});
const files = positionals.length > 0 ? positionals : storedPasses();
const passes = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Pass);
writeFileSync(values.out, draw(passes));
const [newest, ...older] = passes;
if (newest) process.stdout.write(`${comparedTable([newest, ...older])}\n\n`);
process.stdout.write(`${values.out}\n`);
