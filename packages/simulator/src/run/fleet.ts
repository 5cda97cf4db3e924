/** The machines of a run: those that it begins with, and those that come and go as the members of the cluster change. */
import { type BrainSettings, brainSettings } from '@flotilla/brain';
import type { DriveSpeed } from '../disk/drive.ts';
import type { Chance } from '../world/chance.ts';
import { Machine } from './machine.ts';
import { type Plan, slowButElecting } from './plan.ts';
import type { Surroundings } from './surroundings.ts';

const firstFreePort = 3000;

export class Fleet {
  /** Who is here now; the list itself stays the same. */
  readonly machines: Machine[];
  readonly #plan: Plan;
  readonly #surroundings: Surroundings;
  readonly #chance: Chance;
  #count: number;
  #urls = 0;

  /** @param chance draws what newcomers need */
  constructor(machines: Machine[], options: { plan: Plan; surroundings: Surroundings; chance: Chance }) {
    this.machines = machines;
    this.#plan = options.plan;
    this.#surroundings = options.surroundings;
    this.#chance = options.chance;
    this.#count = machines.length;
    for (const { name, settings } of machines) {
      for (const url of settings.membership.self.peerUrls) this.#surroundings.ports.place(url, name);
    }
  }

  /** A URL that no machine has had. */
  newUrl(): string {
    return `http://127.0.0.1:${firstFreePort + this.#urls++}`;
  }

  /** The machine gets a URL beside those that it has. */
  place(url: string, machine: Machine): void {
    this.#surroundings.ports.place(url, machine.name);
  }

  /** A machine with an empty disk, for a member at a URL; off until it is no longer held. */
  newcomer(url: string): Machine {
    const name = `m${++this.#count}`;
    const isSlow = this.#plan.membership?.disks === 'slow' && this.#chance.happens(0.3);
    const driveSpeed = isSlow ? slowButElecting(this.#plan) : (this.#plan.driveSpeeds.at(-1) as DriveSpeed);
    // Before it has begun its directory, its member may have been moved.
    const flags = (id?: bigint): BrainSettings => this.#flags(name, this.#urlOf(id) ?? url);
    const machine = new Machine({ settings: flags(), driveSpeed, flags }, this.#chance.fork(), this.#surroundings);
    machine.isHeld = true;
    if (this.#plan.plot === 'newcomers lose power') this.#losePowerAsItBegins(machine);
    this.place(url, machine);
    this.machines.push(machine);
    return machine;
  }

  /** In a write of its witness, the first file that it makes, or just after. */
  #losePowerAsItBegins(machine: Machine): void {
    const { scheduler, marks } = this.#surroundings;
    const { syncMs, writeMs } = machine.drive.speed;
    machine.atNext('witnessWrite', () =>
      scheduler.after(this.#chance.between(0, 2 * (syncMs + writeMs)), () => {
        marks.hit('newcomer lost power as it began');
        machine.losePower();
      }),
    );
  }

  #urlOf(id: bigint | undefined): string | undefined {
    return id === undefined ? undefined : this.#surroundings.ledger.membership.now.byId.get(id)?.peerUrls[0];
  }

  /** A machine is gone for good. */
  retire(machine: Machine): void {
    machine.kill();
    machine.isHeld = true;
    this.machines.splice(this.machines.indexOf(machine), 1);
  }

  /** As `etcdctl member add` prints them, from who the members are now. */
  #flags(name: string, url: string): BrainSettings {
    const [template] = this.#plan.settings as [BrainSettings];
    const urls = [...this.#surroundings.ledger.membership.now.byId.values()].map(
      ({ peerUrls }) => peerUrls[0] as string,
    );
    const others = urls.filter((other) => other !== url).map((other, i) => `other${i + 1}=${other}`);
    const own = brainSettings({
      name,
      'data-dir': `/${name}`,
      'listen-peer-urls': [url],
      'initial-advertise-peer-urls': [url],
      'initial-cluster': [...others, `${name}=${url}`].join(),
      'initial-cluster-state': 'existing',
    });
    const { dataDir, membership, initialClusterState, listenPeerUrls } = own;
    return { ...template, name, dataDir, membership, initialClusterState, listenPeerUrls };
  }
}
