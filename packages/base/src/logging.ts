/**
 * Structured logs: one JSON object a line on stderr, a constant message and fields. Nothing is logged per
 * log entry or request above debug.
 */
import { destination, pino } from 'pino';

/** Fields of a log line. An `err` field is printed with its stack. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose lines all carry `fields`. */
  child(fields: LogFields): Logger;
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

function wrap(sink: import('pino').Logger): Logger {
  return {
    debug: (message, fields) => sink.debug(fields ?? {}, message),
    info: (message, fields) => sink.info(fields ?? {}, message),
    warn: (message, fields) => sink.warn(fields ?? {}, message),
    error: (message, fields) => sink.error(fields ?? {}, message),
    child: (fields) => wrap(sink.child(fields)),
  };
}

export interface LoggerOptions {
  /** The field `component` of every line. */
  readonly component: string;
  readonly level: LogLevel;
  /** File descriptor to write to; stderr unless told. */
  readonly fd?: number;
}

/** A logger that writes as soon as it is told. */
export function createLogger(options: LoggerOptions): Logger {
  return wrap(
    pino(
      {
        level: options.level,
        base: { component: options.component },
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
      },
      destination({ fd: options.fd ?? 2, sync: true }),
    ),
  );
}

/** Drops everything; for tests and embedders that want quiet. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
