/** The world of a member that runs for real: this machine's clock, randomness and files, and gRPC between the members. */
import type { Server } from 'node:net';
import {
  type Clock,
  type Logger,
  type Randomness,
  atTurnEnd,
  silentLogger,
  systemClock,
  systemRandomness,
  withoutGathering,
} from '@flotilla/base';
import type { OpenDatabase, StateDirectory } from '@flotilla/store';
import { diskRoomOf } from './log/disk-room.ts';
import type { Files } from './log/files.ts';
import { idText } from './log/refusal.ts';
import type { MemberWorld } from './member/world.ts';
import type { BrainMetrics } from './metrics.ts';
import type { BrainSettings } from './options.ts';
import { type Servers, servePeers } from './servers.ts';
import type { CallerTls } from './tls/caller-tls.ts';
import { startGrpcTransport } from './transport/grpc-transport.ts';
import { peerHandlers } from './transport/peer-handlers.ts';
import type { Tally } from './tallied-counter.ts';
import type { PeerReceiver } from './transport/transport.ts';

export interface BrainOptions {
  readonly settings: BrainSettings;
  /** Silent unless told. */
  readonly logger?: Logger;
  /** The machine's unless told. */
  readonly clock?: Clock;
  readonly randomness?: Randomness;
  readonly files?: Files;
  /** LevelDB unless told. */
  readonly openDatabase?: OpenDatabase;
  /** The machine's own folder of the state unless told. */
  readonly openStateDirectory?: (path: string) => StateDirectory;
  /** A segment of the log is followed by a new one at this size, bytes; 64 MiB unless told. */
  readonly segmentBytes?: number;
  /** Listen on the peer URLs already, in their order, and are taken over. */
  readonly peerListeners?: readonly Server[];
}

export function worldOf(
  options: BrainOptions & { readonly files: Files },
  given: {
    readonly metrics: BrainMetrics;
    readonly servers: Servers;
    readonly callerTls: CallerTls | undefined;
    readonly onFailure: (error: Error) => void;
  },
): MemberWorld {
  const { settings, logger = silentLogger, openDatabase, openStateDirectory, segmentBytes } = options;
  const { clock = systemClock, randomness = systemRandomness, files } = options;
  const { metrics, servers, callerTls, onFailure } = given;
  const { clusterId, self } = settings.membership;
  const world: MemberWorld = {
    clock,
    randomness,
    logger,
    files,
    metrics,
    onFailure,
    diskRoom: diskRoomOf(settings.dataDir),
    endOfTurn: atTurnEnd,
    soon: withoutGathering,
    startTransport(receiver: PeerReceiver) {
      const received = talliesOf((From) => metrics.peerReceivedBytes.tally({ From }));
      const sent = talliesOf((To) => metrics.peerSentBytes.tally({ To }));
      const failures = talliesOf((To) => metrics.peerSendFailures.tally({ To }));
      const onReceived = (from: bigint, bytes: number): void => received(from).add(bytes);
      servePeers(servers, peerHandlers({ clusterId, self: self.id, receiver, onReceived }));
      return startGrpcTransport({
        clusterId,
        self: self.id,
        receiver,
        tls: callerTls,
        clock,
        randomness,
        logger,
        onSent: (to, bytes) => sent(to).add(bytes),
        onDropped: (to) => failures(to).add(1),
        onRoundTrip: (to, seconds) => metrics.peerRoundTripSeconds.observe({ To: idText(to) }, seconds),
        onConnected: (to) => metrics.peerConnections.begun(self.id, to),
        onDisconnected: (to, how) => metrics.peerConnections.ended(self.id, to, how),
      });
    },
  };
  return {
    ...world,
    ...(openDatabase && { openDatabase }),
    ...(openStateDirectory && { openStateDirectory }),
    ...(segmentBytes !== undefined && { segmentBytes }),
  };
}

/** A tally for each of the other members, made when it is first needed. */
function talliesOf(tallyOf: (id: string) => Tally): (id: bigint) => Tally {
  const tallies = new Map<bigint, Tally>();
  return (id) => {
    const known = tallies.get(id) ?? tallyOf(idText(id));
    tallies.set(id, known);
    return known;
  };
}
