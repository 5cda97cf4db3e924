/** A flame graph as one SVG: callers below, callees above, as wide as their time, coloured by stage. Readable in light and dark. */
import type { Call } from './cpu-profile.ts';
import { type Stage, stages } from './stages.ts';
import { escapeXml } from './svg.ts';

const width = 1_400;
const rowHeight = 17;
const headHeight = 84;
/** Narrower calls are left out: nobody can see them. */
const leastPixels = 0.4;
const characterPixels = 6.4;

function colourOf(stage: Stage): string {
  const hue = Math.round((stages.indexOf(stage) * 360) / stages.length);
  return `hsl(${hue} 62% 68%)`;
}

interface Box {
  readonly call: Call;
  readonly depth: number;
  readonly x: number;
  readonly width: number;
}

/** Idle time is left out, and each level's calls stand widest first. */
function boxesOf(root: Call): readonly Box[] {
  const boxes: Box[] = [];
  const awake = root.calls.filter(({ stage }) => stage !== 'idle');
  const total = awake.reduce((sum, { totalMicros }) => sum + totalMicros, 0);
  const place = (calls: readonly Call[], depth: number, from: number): void => {
    let x = from;
    for (const call of [...calls].sort((a, b) => b.totalMicros - a.totalMicros)) {
      const pixels = (call.totalMicros / total) * width;
      if (pixels < leastPixels) continue;
      boxes.push({ call, depth, x, width: pixels });
      place(call.calls, depth + 1, x);
      x += pixels;
    }
  };
  place(awake, 0, 0);
  return boxes;
}

function shortPlace({ functionName, url }: Call['place']): string {
  const file = url.replace(/^.*\/(packages|node_modules)\//, '').replace('/dist/', '/');
  const name = functionName === '' ? '(anonymous)' : functionName;
  return file === '' ? name : `${name} ${file}`;
}

export function flameGraph(title: string, root: Call): string {
  const boxes = boxesOf(root);
  const depth = Math.max(0, ...boxes.map((box) => box.depth)) + 1;
  const height = headHeight + depth * rowHeight + 8;
  const total = boxes.filter((box) => box.depth === 0).reduce((sum, { call }) => sum + call.totalMicros, 0);
  const rectangles = boxes.map(({ call, depth: level, x, width: pixels }) => {
    const y = height - 4 - (level + 1) * rowHeight;
    const text = shortPlace(call.place);
    const share = ((call.totalMicros / total) * 100).toFixed(1);
    const letters = Math.floor((pixels - 4) / characterPixels);
    const label =
      letters < 3 ? '' : `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escapeXml(text.slice(0, letters))}</text>`;
    return (
      `<g><title>${escapeXml(`${text}: ${share} % (${call.stage})`)}</title>` +
      `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(0.3, pixels - 0.3).toFixed(1)}" height="${rowHeight - 1}" fill="${colourOf(call.stage)}"/>${label}</g>`
    );
  });
  const legend = stages
    .filter((stage) => stage !== 'idle')
    .map((stage, i) => {
      const [x, y] = [8 + (i % 6) * 232, 30 + Math.floor(i / 6) * 16];
      return `<rect x="${x}" y="${y}" width="12" height="12" fill="${colourOf(stage)}"/><text class="on" x="${x + 17}" y="${y + 10}">${escapeXml(stage)}</text>`;
    });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    '<style>text{font:11px ui-monospace,monospace;fill:#111}.on{fill:#24292f}h1,.head{font-size:14px;fill:#24292f}' +
      '.ground{fill:#fff}@media(prefers-color-scheme:dark){.ground{fill:#0d1117}.on,.head{fill:#e6edf3}}</style>',
    `<rect class="ground" width="${width}" height="${height}"/>`,
    `<text class="head" x="8" y="19">${escapeXml(title)}</text>`,
    ...legend,
    ...rectangles,
    '</svg>',
    '',
  ].join('\n');
}
