/** @kinds/coordination/lease */
import { kindModel, type KubeObject } from '../../object.ts';
import { int32, microTime, model, ref, string } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const leaseSpecFields = {
  acquireTime: microTime('@LeaseSpec.acquireTime'),
  holderIdentity: string('@LeaseSpec.holderIdentity'),
  leaseDurationSeconds: int32('@LeaseSpec.leaseDurationSeconds'),
  leaseTransitions: int32('@LeaseSpec.leaseTransitions'),
  preferredHolder: string('@LeaseSpec.preferredHolder'),
  renewTime: microTime('@LeaseSpec.renewTime'),
  strategy: string('@LeaseSpec.strategy'),
};

/** @LeaseSpec. */
export interface LeaseSpec extends Fields<typeof leaseSpecFields> {}
export const leaseSpec: Model<LeaseSpec> = model('io.k8s.api.coordination.v1.LeaseSpec', '@LeaseSpec', leaseSpecFields);

const leaseFields = {
  spec: ref(leaseSpec, '@Lease.spec'),
};

/** @Lease. */
export interface Lease extends KubeObject, Fields<typeof leaseFields> {}
export const lease: Model<Lease> = kindModel('io.k8s.api.coordination.v1.Lease', '@Lease', leaseFields);
