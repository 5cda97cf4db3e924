/** The body of POST pods/NAME/binding: puts a pod on a node. */
import { kindModel, type KubeObject } from '../../object.ts';
import { objectReference } from './references.ts';
import { ref, required } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const bindingFields = {
  target: required({ ...ref(objectReference, 'The node.'), filled: true }),
};

/** Puts a pod on a node. */
export interface Binding extends KubeObject, Fields<typeof bindingFields> {}
export const binding: Model<Binding> = kindModel('io.k8s.api.core.v1.Binding', 'Puts a pod on a node.', bindingFields);
