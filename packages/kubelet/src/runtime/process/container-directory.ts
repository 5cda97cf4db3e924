/**
 * A container's own directory, `root`: where its process starts and what it sees its volumes in. There is no mount namespace, so
 * a mount at `/app` is the link `root/app`, and a working directory below it is taken from there.
 */
import { existsSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { OperatingError, codeOf, messageOf } from '@flotilla/base';
import type { ContainerConfig, Mount } from '../cri.ts';

/** Makes `root` with a link for each mount; may be repeated. @throws OperatingError `INVALID_CONTAINER` */
export function prepareRoot(root: string, mounts: readonly Mount[]): void {
  mkdirSync(root, { recursive: true });
  for (const { container_path: containerPath, host_path: hostPath } of mounts) {
    const link = insideRoot(root, containerPath);
    if (existsSync(link)) continue;
    if (!existsSync(hostPath)) throw new OperatingError('INVALID_CONTAINER', `the volume at ${hostPath} is not there`);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(hostPath, link);
  }
}

/**
 * The directory the process starts in, made when missing: `root`, a path below it, or an absolute one.
 * @throws OperatingError `INVALID_CONTAINER` when it cannot be made
 */
export function prepareWorkingDirectory(root: string, config: ContainerConfig): string {
  const directory = resolveWorkingDirectory(root, config);
  try {
    mkdirSync(directory, { recursive: true });
    if (statSync(directory).isDirectory()) return directory;
  } catch (error) {
    const reason = codeOf(error) ?? messageOf(error);
    throw new OperatingError('INVALID_CONTAINER', `the working directory ${directory} cannot be made: ${reason}`, {
      cause: error,
    });
  }
  throw new OperatingError('INVALID_CONTAINER', `the working directory ${directory} is a file`);
}

export function resolveWorkingDirectory(root: string, { working_dir: workingDir, mounts }: ContainerConfig): string {
  if (!isAbsolute(workingDir)) return resolve(root, workingDir);
  const mounted = mounts.some((mount) => isBelow(workingDir, mount.container_path));
  return mounted ? join(root, workingDir) : workingDir;
}

function insideRoot(root: string, containerPath: string): string {
  const path = join(root, containerPath);
  if (path === root || !isBelow(path, root)) {
    throw new OperatingError('INVALID_CONTAINER', `the mount path "${containerPath}" lies outside the container`);
  }
  return path;
}

function isBelow(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}
