/** Leases: who leads, and which nodes live. Written often and by one holder, so an update must name the version it replaces. */
import { ageColumn, nameColumn, text } from '../../columns.ts';
import { nonNegative, positive } from '../../validation/checks.ts';
import { defineKind } from '../../define-kind.ts';
import { dnsSubdomainProblems } from '../../validation/names.ts';
import { kindModel, type KubeObject } from '../../object.ts';
import { int32, microTime, model, ref, string } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const leaseSpecFields = {
  acquireTime: microTime('When the holder got it.'),
  holderIdentity: string('The holder.'),
  leaseDurationSeconds: int32('How long others wait after the last renewal.'),
  leaseTransitions: int32('How often it changed hands.'),
  preferredHolder: string('Who should get it next.'),
  renewTime: microTime('When the holder last renewed it.'),
  strategy: string('How the next holder is chosen.'),
};

/** Who holds a lease, since when and for how long. */
export interface LeaseSpec extends Fields<typeof leaseSpecFields> {}
export const leaseSpec: Model<LeaseSpec> = model(
  'io.k8s.api.coordination.v1.LeaseSpec',
  'Who holds a lease, since when and for how long.',
  leaseSpecFields,
);

const leaseFields = {
  spec: ref(leaseSpec, 'What is wanted.'),
};

/** Something that one at a time may hold, such as leadership. */
export interface Lease extends KubeObject, Fields<typeof leaseFields> {}
export const lease: Model<Lease> = kindModel(
  'io.k8s.api.coordination.v1.Lease',
  'Something that one at a time may hold, such as leadership.',
  leaseFields,
);

export const leases = defineKind<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  model: lease,
  nameRule: dnsSubdomainProblems,
  columns: [
    nameColumn,
    text({ name: 'Holder', description: 'Who holds the lease.' }, ({ spec }) => spec?.holderIdentity ?? ''),
    ageColumn,
  ],
  validate: ({ spec }) => [
    ...positive('spec.leaseDurationSeconds', spec?.leaseDurationSeconds),
    ...nonNegative('spec.leaseTransitions', spec?.leaseTransitions),
  ],
  strategy: { allowUnconditionalUpdate: false, allowCreateOnUpdate: true },
});
