/**
 * Holds one address and port of the machine. Exactly one proxy of a machine can have it: the others stand by and try again several
 * times a second, so that they take over as soon as the owner's process is gone.
 */
import { codeOf, messageOf, type Clock, type Timer } from '@flotilla/base';

export interface PortHolderOptions {
  readonly clock: Clock;
  /** Begins to listen; rejects with Node's own errors. */
  bind(): Promise<void>;
  /** The port cannot be had for a reason that standing by does not cure. */
  denied(denial: Denial): void;
}

export interface Denial {
  /** One CamelCase word for an event. */
  readonly reason: string;
  readonly message: string;
}

export interface PortHolder {
  /** Resolves when the port is held. */
  readonly bound: Promise<void>;
  /** Stops trying. Resolves when no attempt is under way any more; the caller then closes what it bound. */
  close(): Promise<void>;
}

/** How soon another proxy's death is noticed. */
const standbyMs = 100;
/** A port that is denied may be allowed later, by an operator. */
const deniedRetryMs = 10_000;

export function holdPort({ clock, bind, denied }: PortHolderOptions): PortHolder {
  let timer: Timer | undefined;
  let closed = false;
  let settle: () => void = () => undefined;
  const bound = new Promise<void>((resolve) => {
    settle = resolve;
  });
  let attempting = Promise.resolve();
  const attempt = (): void => {
    attempting = bind().then(
      () => {
        settle();
      },
      (error: unknown) => {
        if (closed) return;
        const inUse = codeOf(error) === 'EADDRINUSE';
        if (!inUse) denied(denialOf(error));
        timer = clock.after(inUse ? standbyMs : deniedRetryMs, attempt);
      },
    );
  };
  attempt();
  return {
    bound,
    close() {
      closed = true;
      timer?.cancel();
      return attempting;
    },
  };
}

function denialOf(error: unknown): Denial {
  switch (codeOf(error)) {
    case 'EACCES':
      return {
        reason: 'PortNotPermitted',
        message:
          'the proxy may not listen on a port below 1024 as this user; use a higher port, or allow it with ' +
          '"sysctl net.ipv4.ip_unprivileged_port_start=0"',
      };
    case 'EADDRNOTAVAIL':
      return {
        reason: 'AddressNotAvailable',
        message: 'the cluster IP is no address of this machine; without root services need a range in 127.0.0.0/8',
      };
    default:
      return { reason: 'ListenFailed', message: messageOf(error) };
  }
}
