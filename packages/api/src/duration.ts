/** How long ago, as kubectl prints it (apimachinery `util/duration`, HumanDuration): at most two units, fewer the longer it is. */

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** `12s`, `3m5s`, `25m`, `2h30m`, `9h`, `2d4h`, `15d`, `2y40d`, `9y`. A little into the future counts as now, further is `<invalid>`. */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * minute) return `${seconds}s`;
  const minutes = Math.trunc(seconds / minute);
  if (minutes < 10) return twoUnits(`${minutes}m`, seconds % minute, 's');
  if (minutes < 3 * 60) return `${minutes}m`;
  const hours = Math.trunc(seconds / hour);
  if (hours < 8) return twoUnits(`${hours}h`, minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(seconds / day);
  if (hours < 24 * 8) return twoUnits(`${days}d`, hours % 24, 'h');
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(hours / 24 / 365);
  if (hours < 24 * 365 * 8) return twoUnits(`${years}y`, days % 365, 'd');
  return `${years}y`;
}

function twoUnits(large: string, small: number, unit: string): string {
  return small === 0 ? large : `${large}${small}${unit}`;
}

/** The age of an RFC 3339 time; `<unknown>` without one. */
export function age(timestamp: string | undefined, nowMs: number): string {
  if (timestamp === undefined) return '<unknown>';
  return humanDuration(nowMs - Date.parse(timestamp));
}
