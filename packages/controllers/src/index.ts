/** The controllers: what keeps a cluster as its objects say. */
export type { ControllerSettings } from './controller.ts';
export { controllersOptions } from './options.ts';
export { type ControllersOptions, type RunningControllers, startControllers } from './start-controllers.ts';
