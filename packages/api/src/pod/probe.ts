/** Probes and lifecycle hooks: what the kubelet runs against a container. */
import { atomic, int32, int64, intOrString, list, model, ref, required, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const httpHeaderFields = {
  name: required(string('@HTTPHeader.name')),
  value: required(string('@HTTPHeader.value')),
};

/** @HTTPHeader. */
export interface HTTPHeader extends Fields<typeof httpHeaderFields> {}
export const httpHeader: Model<HTTPHeader> = model('io.k8s.api.core.v1.HTTPHeader', '@HTTPHeader', httpHeaderFields);

const httpGetActionFields = {
  host: string('@HTTPGetAction.host'),
  httpHeaders: list(httpHeader, '@HTTPGetAction.httpHeaders', atomic),
  path: string('@HTTPGetAction.path'),
  port: required(intOrString('@HTTPGetAction.port')),
  scheme: string('@HTTPGetAction.scheme'),
};

/** @HTTPGetAction. */
export interface HTTPGetAction extends Fields<typeof httpGetActionFields> {}
export const httpGetAction: Model<HTTPGetAction> = model('io.k8s.api.core.v1.HTTPGetAction', '@HTTPGetAction', httpGetActionFields);

const tcpSocketActionFields = {
  host: string('@TCPSocketAction.host'),
  port: required(intOrString('@TCPSocketAction.port')),
};

/** @TCPSocketAction. */
export interface TCPSocketAction extends Fields<typeof tcpSocketActionFields> {}
export const tcpSocketAction: Model<TCPSocketAction> = model('io.k8s.api.core.v1.TCPSocketAction', '@TCPSocketAction', tcpSocketActionFields);

const execActionFields = {
  command: strings('@ExecAction.command', atomic),
};

/** @ExecAction. */
export interface ExecAction extends Fields<typeof execActionFields> {}
export const execAction: Model<ExecAction> = model('io.k8s.api.core.v1.ExecAction', '@ExecAction', execActionFields);

const grpcActionFields = {
  port: required(int32('@GRPCAction.port')),
  service: string('@GRPCAction.service'),
};

/** @GRPCAction. */
export interface GRPCAction extends Fields<typeof grpcActionFields> {}
export const grpcAction: Model<GRPCAction> = model('io.k8s.api.core.v1.GRPCAction', '@GRPCAction', grpcActionFields);

const sleepActionFields = {
  seconds: required(int64('@SleepAction.seconds')),
};

/** @SleepAction. */
export interface SleepAction extends Fields<typeof sleepActionFields> {}
export const sleepAction: Model<SleepAction> = model('io.k8s.api.core.v1.SleepAction', '@SleepAction', sleepActionFields);

const probeFields = {
  exec: ref(execAction, '@Probe.exec'),
  failureThreshold: int32('@Probe.failureThreshold'),
  grpc: ref(grpcAction, '@Probe.grpc'),
  httpGet: ref(httpGetAction, '@Probe.httpGet'),
  initialDelaySeconds: int32('@Probe.initialDelaySeconds'),
  periodSeconds: int32('@Probe.periodSeconds'),
  successThreshold: int32('@Probe.successThreshold'),
  tcpSocket: ref(tcpSocketAction, '@Probe.tcpSocket'),
  terminationGracePeriodSeconds: int64('@Probe.terminationGracePeriodSeconds'),
  timeoutSeconds: int32('@Probe.timeoutSeconds'),
};

/** @Probe. */
export interface Probe extends Fields<typeof probeFields> {}
export const probe: Model<Probe> = model('io.k8s.api.core.v1.Probe', '@Probe', probeFields);

const lifecycleHandlerFields = {
  exec: ref(execAction, '@LifecycleHandler.exec'),
  httpGet: ref(httpGetAction, '@LifecycleHandler.httpGet'),
  sleep: ref(sleepAction, '@LifecycleHandler.sleep'),
  tcpSocket: ref(tcpSocketAction, '@LifecycleHandler.tcpSocket'),
};

/** @LifecycleHandler. */
export interface LifecycleHandler extends Fields<typeof lifecycleHandlerFields> {}
export const lifecycleHandler: Model<LifecycleHandler> = model('io.k8s.api.core.v1.LifecycleHandler', '@LifecycleHandler', lifecycleHandlerFields);

const lifecycleFields = {
  postStart: ref(lifecycleHandler, '@Lifecycle.postStart'),
  preStop: ref(lifecycleHandler, '@Lifecycle.preStop'),
  stopSignal: string('@Lifecycle.stopSignal'),
};

/** @Lifecycle. */
export interface Lifecycle extends Fields<typeof lifecycleFields> {}
export const lifecycle: Model<Lifecycle> = model('io.k8s.api.core.v1.Lifecycle', '@Lifecycle', lifecycleFields);
