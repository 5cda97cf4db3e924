/** What a container asks for and may use at most. */
import { list, model, required, resourceList, string } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const resourceClaimFields = {
  name: required(string("Name of the pod's claim.")),
  request: string('Which request of the claim; all where nothing is said.'),
};

/** A claim of the pod that a container uses. */
export interface ResourceClaim extends Fields<typeof resourceClaimFields> {}
export const resourceClaim: Model<ResourceClaim> = model(
  'io.k8s.api.core.v1.ResourceClaim',
  'A claim of the pod that a container uses.',
  resourceClaimFields,
);

const resourceRequirementsFields = {
  claims: list(resourceClaim, 'Claims of the pod that it uses.', { listType: 'map', mapKeys: ['name'] }),
  limits: resourceList('The most that may be used, by resource.'),
  requests: resourceList('What is reserved, by resource.'),
};

/** What is asked for, and what may be used at most. */
export interface ResourceRequirements extends Fields<typeof resourceRequirementsFields> {}
export const resourceRequirements: Model<ResourceRequirements> = model(
  'io.k8s.api.core.v1.ResourceRequirements',
  'What is asked for, and what may be used at most.',
  resourceRequirementsFields,
);
