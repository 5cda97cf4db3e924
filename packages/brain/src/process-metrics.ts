/**
 * What the process uses, under the names that every Prometheus client gives. Read when somebody asks, and nothing else: the
 * library's own collection starts timers and observers that no member can stop again.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { Counter, Gauge, type Registry } from '@flotilla/base/metrics';

type Row = readonly [name: string, help: string, read: () => number];

const portable: readonly Row[] = [
  ['process_resident_memory_bytes', 'Resident memory size in bytes.', () => process.memoryUsage.rss()],
  ['process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', () => startedSeconds],
  ['nodejs_heap_size_used_bytes', 'Heap in use in bytes.', () => process.memoryUsage().heapUsed],
  ['nodejs_external_memory_bytes', 'Memory outside the heap in bytes.', () => process.memoryUsage().external],
];

const linux: readonly Row[] = [
  ['process_open_fds', 'Number of open file descriptors.', () => readdirSync('/proc/self/fd').length - 1],
  ['process_max_fds', 'Maximum number of open file descriptors.', maxFileDescriptors],
  ['process_virtual_memory_bytes', 'Virtual memory size in bytes.', virtualMemoryBytes],
  ['os_fd_used', 'The number of used file descriptors.', () => readdirSync('/proc/self/fd').length - 1],
  ['os_fd_limit', 'The file descriptor limit.', maxFileDescriptors],
];

const portableCounters: readonly Row[] = [
  ['process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', cpuSeconds],
];

/** Of all processes in the same network namespace: Linux counts no others. */
const linuxCounters: readonly Row[] = [
  ['process_network_receive_bytes_total', 'Bytes received over the network.', () => networkBytes('InOctets')],
  ['process_network_transmit_bytes_total', 'Bytes sent over the network.', () => networkBytes('OutOctets')],
];

const startedSeconds = Math.round(performance.timeOrigin / 1000);

export function addProcessMetrics(registry: Registry): void {
  const rows = process.platform === 'linux' ? [...portable, ...linux] : portable;
  for (const [name, help, read] of rows) {
    const gauge: Gauge = new Gauge({ name, help, registers: [registry], collect: () => gauge.set(read()) });
  }
  const growing = process.platform === 'linux' ? [...portableCounters, ...linuxCounters] : portableCounters;
  for (const [name, help, read] of growing) {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        counter.reset();
        counter.inc(read());
      },
    });
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The most files that this process may have open; Linux tells. */
export function maxFileDescriptors(): number {
  const [, limit = '0'] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return Number(limit);
}

/** A line of names, and below it the line of their values. */
function networkBytes(name: 'InOctets' | 'OutOctets'): number {
  const lines = readFileSync('/proc/self/net/netstat', 'utf8').split('\n');
  const [names = [], values = []] = lines.filter((line) => line.startsWith('IpExt:')).map((line) => line.split(' '));
  return Number(values[names.indexOf(name)] ?? 0);
}

function virtualMemoryBytes(): number {
  const [, kibibytes = '0'] = /^VmSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}
