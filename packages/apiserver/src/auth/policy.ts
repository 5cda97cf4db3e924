/**
 * Who may do what: a fixed table of rules in RBAC's shape, after the cluster roles that Kubernetes itself binds to these
 * identities. It only ever allows; what no rule allows is forbidden. Roles as objects come later and will feed the same
 * matcher.
 */
import type { Attributes, RequestVerb, ResourceAttributes } from './attributes.ts';
import { electionsPath, qualifiedResource } from './attributes.ts';
import type { User } from './user.ts';

interface ResourceRule {
  readonly verbs: readonly (RequestVerb | '*')[];
  readonly groups: readonly string[];
  /** `pods`, `pods/status`, or `*` for all with their subresources. */
  readonly resources: readonly string[];
  readonly namespace?: string;
  /** Only the object that is named like the user's node. */
  readonly ownNode?: boolean;
}

interface PathRule {
  readonly verbs: readonly string[];
  /** A path, or a prefix that ends with an asterisk. */
  readonly paths: readonly string[];
}

interface Role {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly resources: readonly ResourceRule[];
  readonly paths: readonly PathRule[];
}

const read: readonly RequestVerb[] = ['get', 'list', 'watch'];
const write: readonly RequestVerb[] = ['create', 'update', 'patch'];
const all = ['*'] as const;
const recordEvents: ResourceRule = { verbs: write, groups: ['', 'events.k8s.io'], resources: ['events'] };
const stand: PathRule = { verbs: all, paths: [electionsPath] };
const electionLeases: ResourceRule = {
  verbs: ['get', ...write],
  groups: ['coordination.k8s.io'],
  resources: ['leases'],
  namespace: 'kube-system',
};

const publicPaths = ['/healthz', '/livez', '/readyz', '/healthz/*', '/livez/*', '/readyz/*', '/version', '/version/'];
const discoveryPaths = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'];

const roles: readonly Role[] = [
  {
    groups: ['system:masters'],
    resources: [{ verbs: all, groups: all, resources: all }],
    paths: [{ verbs: all, paths: all }],
  },
  { groups: ['system:unauthenticated'], resources: [], paths: [{ verbs: ['get'], paths: publicPaths }] },
  {
    groups: ['system:authenticated'],
    resources: [],
    paths: [{ verbs: ['get'], paths: [...publicPaths, ...discoveryPaths] }],
  },
  {
    users: ['system:kube-scheduler'],
    resources: [
      { verbs: read, groups: all, resources: ['nodes', 'namespaces', 'pods', 'services', 'replicasets'] },
      { verbs: ['create'], groups: [''], resources: ['pods/binding', 'bindings'] },
      { verbs: ['patch', 'update'], groups: [''], resources: ['pods/status'] },
      { verbs: ['delete'], groups: [''], resources: ['pods'] },
      recordEvents,
      electionLeases,
    ],
    paths: [stand],
  },
  {
    users: ['system:kube-controller-manager'],
    resources: [
      { verbs: [...read, 'delete', 'deletecollection', 'patch', 'update'], groups: all, resources: all },
      { verbs: ['create'], groups: [''], resources: ['pods', 'pods/eviction', 'serviceaccounts', 'configmaps'] },
      { verbs: ['create'], groups: ['apps'], resources: ['replicasets'] },
      { verbs: ['create'], groups: ['discovery.k8s.io'], resources: ['endpointslices'] },
      recordEvents,
      electionLeases,
    ],
    paths: [stand, { verbs: ['get'], paths: ['/metrics'] }],
  },
  {
    groups: ['system:nodes'],
    resources: [
      {
        verbs: read,
        groups: all,
        resources: [
          'nodes',
          'namespaces',
          'pods',
          'services',
          'endpointslices',
          'configmaps',
          'secrets',
          'serviceaccounts',
        ],
      },
      {
        verbs: ['create', 'update', 'patch', 'delete'],
        groups: [''],
        resources: ['nodes', 'nodes/status'],
        ownNode: true,
      },
      { verbs: ['update', 'patch'], groups: [''], resources: ['pods/status'] },
      { verbs: ['delete'], groups: [''], resources: ['pods'] },
      {
        verbs: ['get', 'create', 'update', 'patch', 'delete'],
        groups: ['coordination.k8s.io'],
        resources: ['leases'],
        namespace: 'kube-node-lease',
        ownNode: true,
      },
      recordEvents,
    ],
    paths: [],
  },
  {
    users: ['system:kube-proxy'],
    resources: [{ verbs: read, groups: all, resources: ['nodes', 'services', 'endpointslices'] }, recordEvents],
    paths: [],
  },
];

/** Prefix of a kubelet's user name; what follows is its node's name. */
const nodeUserPrefix = 'system:node:';

/** The node that a user in the group of the nodes speaks for. */
export function nodeNameOf(user: User): string | undefined {
  if (!user.groups.includes('system:nodes') || !user.name.startsWith(nodeUserPrefix)) return undefined;
  return user.name.slice(nodeUserPrefix.length);
}

export function isAllowed(user: User, attributes: Attributes): boolean {
  return roles.some((role) => holds(role, user) && grants(role, user, attributes));
}

function holds({ users, groups }: Role, user: User): boolean {
  return users?.includes(user.name) === true || groups?.some((group) => user.groups.includes(group)) === true;
}

function grants(role: Role, user: User, attributes: Attributes): boolean {
  if (attributes.type === 'resource') return role.resources.some((rule) => coversResource(rule, user, attributes));
  return role.paths.some(({ verbs, paths }) => {
    return listed(verbs, attributes.verb) && paths.some((path) => coversPath(path, attributes.path));
  });
}

function coversResource(rule: ResourceRule, user: User, attributes: ResourceAttributes): boolean {
  const { verbs, groups, resources, namespace, ownNode } = rule;
  if (!listed(verbs, attributes.verb) || !listed(groups, attributes.group)) return false;
  if (!listed(resources, qualifiedResource(attributes))) return false;
  if (namespace !== undefined && namespace !== attributes.namespace) return false;
  if (ownNode !== true) return true;
  // The name of an object that is being created is in its body: admission checks it there.
  return attributes.verb === 'create' || attributes.name === nodeNameOf(user);
}

function coversPath(rule: string, path: string): boolean {
  return rule.endsWith('*') ? path.startsWith(rule.slice(0, -1)) : rule === path;
}

function listed(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}
