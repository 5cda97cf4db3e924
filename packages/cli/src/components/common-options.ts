/** The flags that all components share beside their own. */
import { type LogLevel, OperatingError, type OptionTable, logLevels } from '@flotilla/base';

export const logLevelOption = {
  kind: 'string',
  default: 'info',
  placeholder: 'LEVEL',
  help: `least level of log lines: ${logLevels.join(', ')}`,
  check: (value: string) => (isLogLevel(value) ? undefined : `"${value}" is none of ${logLevels.join(', ')}`),
} as const;

/** Of components that are clients of an API server. */
export const clientOptionTable = {
  'api-transport': {
    kind: 'string',
    default: 'grpc',
    placeholder: 'NAME',
    help: 'how to speak with the API server: grpc, or rest for one that is not ours',
    check: (value: string) =>
      value === 'grpc' || value === 'rest' ? undefined : `"${value}" is neither grpc nor rest`,
  },
  'log-level': logLevelOption,
} as const satisfies OptionTable;

function isLogLevel(value: string): value is LogLevel {
  return logLevels.some((level) => level === value);
}

/** The level that a checked `--log-level` names. */
export function logLevelOf(value: string): LogLevel {
  if (!isLogLevel(value)) throw new OperatingError('INVALID_OPTIONS', `--log-level: "${value}" is no level`);
  return value;
}
