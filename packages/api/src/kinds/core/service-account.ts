/** @kinds/core/service-account */
import { kindModel, type KubeObject } from '../../object.ts';
import { localObjectReference, objectReference } from './references.ts';
import { atomic, boolean, list, mergedBy } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const serviceAccountFields = {
  automountServiceAccountToken: boolean('@ServiceAccount.automountServiceAccountToken'),
  imagePullSecrets: list(localObjectReference, '@ServiceAccount.imagePullSecrets', atomic),
  secrets: list(objectReference, '@ServiceAccount.secrets', mergedBy('name')),
};

/** @ServiceAccount. */
export interface ServiceAccount extends KubeObject, Fields<typeof serviceAccountFields> {}
export const serviceAccount: Model<ServiceAccount> = kindModel('io.k8s.api.core.v1.ServiceAccount', '@ServiceAccount', serviceAccountFields);
