/** Which plot a seed has, and how the plan is bent so that it can be played; see `plots.ts`. */
import type { Chance } from '../world/chance.ts';
import type { Plan } from './plan.ts';

const plotNames = [
  'suffix replaced on a slow disk',
  'suffix behind a snapshot',
  'proposals of an earlier term',
  'renewal after a pause',
  'newcomers lose power',
] as const;

export type PlotName = (typeof plotNames)[number];

/** Newcomers need members that change; whoever leads and is replaced needs two others. */
export function drawPlot({ membership, settings }: Plan, chance: Chance): PlotName | undefined {
  if (!chance.happens(0.25)) return undefined;
  if (membership) return 'newcomers lose power';
  return settings.length >= 3 ? chance.pick(plotNames.slice(0, -1)) : undefined;
}

type Bend = (plan: Plan) => Partial<Plan>;

const bends: Readonly<Record<PlotName, Bend>> = {
  'suffix replaced on a slow disk': ({ thinkMs, clients }) => ({ thinkMs: Math.min(thinkMs, 4 * clients) }),
  'suffix behind a snapshot': ({ settings, thinkMs, clients }) => ({
    settings: settings.map((one) => ({ ...one, snapshotCount: 20, catchUpEntries: 1 })),
    thinkMs: Math.min(thinkMs, 4 * clients),
  }),
  'proposals of an earlier term': ({ network }) => ({
    network: { ...network, manner: 'parcels', doubleShare: 0.8 },
  }),
  // Elections are quick beside the time in which a leader writes down what a lease has left.
  'renewal after a pause': ({ settings }) => ({
    settings: settings.map((one) => ({ ...one, heartbeatMs: 20, electionTicks: 5 })),
    leases: 3,
    seeksDeposed: true,
  }),
  'newcomers lose power': () => ({}),
};

export function bendToPlot(plan: Plan, plot: PlotName | undefined): Plan {
  return plot ? { ...plan, ...bends[plot](plan), plot } : plan;
}
