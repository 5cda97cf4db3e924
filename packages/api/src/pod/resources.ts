/** What a container asks for and may use at most. */
import { list, model, required, resourceList, string } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const resourceClaimFields = {
  name: required(string('@ResourceClaim.name')),
  request: string('@ResourceClaim.request'),
};

/** @ResourceClaim. */
export interface ResourceClaim extends Fields<typeof resourceClaimFields> {}
export const resourceClaim: Model<ResourceClaim> = model('io.k8s.api.core.v1.ResourceClaim', '@ResourceClaim', resourceClaimFields);

const resourceRequirementsFields = {
  claims: list(resourceClaim, '@ResourceRequirements.claims', { listType: 'map', mapKeys: ['name'] }),
  limits: resourceList('@ResourceRequirements.limits'),
  requests: resourceList('@ResourceRequirements.requests'),
};

/** @ResourceRequirements. */
export interface ResourceRequirements extends Fields<typeof resourceRequirementsFields> {}
export const resourceRequirements: Model<ResourceRequirements> = model('io.k8s.api.core.v1.ResourceRequirements', '@ResourceRequirements', resourceRequirementsFields);
