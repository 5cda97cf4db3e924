/** The process of a round in namespaces: it has one for itself, and ends with whoever started it. */
import { endWithScopes, withScope } from '../e2e/scope.ts';
import { NamespaceNetwork } from './namespace-network.ts';
import type { NamespaceNews } from './namespaces.ts';
import { type RoundOptions, runRound } from './round.ts';

const tell = (news: NamespaceNews): Promise<void> => new Promise((resolve) => process.send?.(news, () => resolve()));

endWithScopes((line) => void process.stderr.write(`${line}\n`));
process.once('disconnect', () => process.exit(1));
const network = new NamespaceNetwork();
await tell({ kind: 'begun', hasNetem: network.hasNetem });
const options = JSON.parse(process.argv[2] ?? '{}') as RoundOptions;
await tell({ kind: 'done', report: await withScope((scope) => runRound(scope, options, network)) });
// Clients of a round that did not come to rest have no end.
process.exit();
