/** @kinds/core/secret */
import { kindModel, type KubeObject } from '../../object.ts';
import { boolean, bytesMap, string, stringMap } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const secretFields = {
  data: bytesMap('@Secret.data'),
  immutable: boolean('@Secret.immutable'),
  stringData: stringMap('@Secret.stringData'),
  type: string('@Secret.type'),
};

/** @Secret. */
export interface Secret extends KubeObject, Fields<typeof secretFields> {}
export const secret: Model<Secret> = kindModel('io.k8s.api.core.v1.Secret', '@Secret', secretFields);
