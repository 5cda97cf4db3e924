/** `/version`: which Kubernetes clients may take us for. */
import process from 'node:process';

const kubernetesMinor = 32;
const flotillaVersion = '0.1.0';

export const versionInfo = {
  major: '1',
  minor: String(kubernetesMinor),
  gitVersion: `v1.${kubernetesMinor}.0+flotilla.${flotillaVersion}`,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: `node ${process.version}`,
  compiler: 'tsc',
  platform: `${process.platform}/${process.arch}`,
} as const;
