/** ServiceAccounts: identities of pods towards the API. */
import { ageColumn, integer, nameColumn } from '../../columns.ts';
import { defineKind } from '../../define-kind.ts';
import { dnsSubdomainProblems } from '../../validation/names.ts';
import { kindModel, type KubeObject } from '../../object.ts';
import { localObjectReference, objectReference } from './references.ts';
import { atomic, boolean, list, mergedBy } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const serviceAccountFields = {
  automountServiceAccountToken: boolean('Whether pods get its token.'),
  imagePullSecrets: list(localObjectReference, 'Secrets for registries.', atomic),
  secrets: list(objectReference, 'Secrets that its pods may use.', mergedBy('name')),
};

/** An identity of pods towards the API. */
export interface ServiceAccount extends KubeObject, Fields<typeof serviceAccountFields> {}
export const serviceAccount: Model<ServiceAccount> = kindModel(
  'io.k8s.api.core.v1.ServiceAccount',
  'An identity of pods towards the API.',
  serviceAccountFields,
);

export const serviceAccounts = defineKind<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  namespaced: true,
  model: serviceAccount,
  nameRule: dnsSubdomainProblems,
  columns: [
    nameColumn,
    integer({ name: 'Secrets', description: 'How many secrets it may use.' }, ({ secrets = [] }) => secrets.length),
    ageColumn,
  ],
  strategy: { allowUnconditionalUpdate: false },
});
