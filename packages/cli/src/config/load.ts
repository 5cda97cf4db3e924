/** Reads a cluster config from YAML, or says everything that is wrong with it, with file and line. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { OperatingError, messageOf } from '@flotilla/base';
import { type Document, LineCounter, isNode, parseDocument } from 'yaml';
import { checkMeaning } from './check-meaning.ts';
import { type ClusterConfig, clusterConfigSchema } from './cluster-config.ts';
import { type Path, type Problem, pathText } from './schema.ts';

/** @throws OperatingError `CONFIG_UNREADABLE` or `CONFIG_INVALID` */
export function loadClusterConfig(file: string): ClusterConfig {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (error) {
    throw new OperatingError('CONFIG_UNREADABLE', `cannot read the cluster config ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return parseClusterConfig(source, file);
}

/** @param file for messages, and for the cluster's name when the config gives none. @throws OperatingError `CONFIG_INVALID` */
export function parseClusterConfig(source: string, file: string): ClusterConfig {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines });
  const syntax = document.errors.map(({ message }) => `${file}: ${message.split('\n')[0] ?? message}`);
  if (syntax.length > 0) throw new OperatingError('CONFIG_INVALID', syntax.join('\n'));

  const problems: Problem[] = [];
  const report = (path: Path, message: string): void => void problems.push({ path, message });
  const config = clusterConfigSchema(basename(file).replace(/\.ya?ml$/, ''))(document.toJS(), [], report);
  if (problems.length === 0) checkMeaning(config, report);
  if (problems.length === 0) return config;
  const texts = problems.map(({ path, message }) => {
    const where = `${file}:${lineOf(document, lines, path)}`;
    return path.length === 0 ? `${where}: the config ${message}` : `${where}: ${pathText(path)} ${message}`;
  });
  throw new OperatingError('CONFIG_INVALID', texts.join('\n'));
}

/** The line of the deepest node on the path that is there. */
function lineOf(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
