/**
 * Whether a server answers progress requests in order with events. Before 3.4.25 and 3.5.8 etcd could report
 * progress ahead of events that it sent later; Kubernetes trusts 3.4.31, 3.5.13 and everything newer, and so do we.
 */

/** @param version as `maintenance.status` gives it. */
export function ordersProgress(version: string): boolean {
  const match = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (!match) return false;
  const [major = 0, minor = 0, patch = 0] = match.slice(1).map(Number);
  if (major !== 3) return major > 3;
  if (minor === 4) return patch >= 31;
  if (minor === 5) return patch >= 13;
  return minor > 5;
}
