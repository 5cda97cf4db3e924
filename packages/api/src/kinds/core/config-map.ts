/** @kinds/core/config-map */
import { kindModel, type KubeObject } from '../../object.ts';
import { boolean, bytesMap, stringMap } from '../../schema/build.ts';
import type { Fields, Model } from '../../schema/schema.ts';

const configMapFields = {
  binaryData: bytesMap('@ConfigMap.binaryData'),
  data: stringMap('@ConfigMap.data'),
  immutable: boolean('@ConfigMap.immutable'),
};

/** @ConfigMap. */
export interface ConfigMap extends KubeObject, Fields<typeof configMapFields> {}
export const configMap: Model<ConfigMap> = kindModel('io.k8s.api.core.v1.ConfigMap', '@ConfigMap', configMapFields);
