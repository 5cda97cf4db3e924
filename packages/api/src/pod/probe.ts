/** Probes and lifecycle hooks: what the kubelet runs against a container. */
import { atomic, int32, int64, intOrString, list, model, ref, required, string, strings } from '../schema/build.ts';
import type { Fields, Model } from '../schema/schema.ts';

const httpHeaderFields = {
  name: required(string('Its name.')),
  value: required(string('The value.')),
};

/** A header of an HTTP request. */
export interface HTTPHeader extends Fields<typeof httpHeaderFields> {}
export const httpHeader: Model<HTTPHeader> = model(
  'io.k8s.api.core.v1.HTTPHeader',
  'A header of an HTTP request.',
  httpHeaderFields,
);

const httpGetActionFields = {
  host: string('Host to ask; the pod where nothing is said.'),
  httpHeaders: list(httpHeader, 'Headers to send.', atomic),
  path: string('Path to ask for.'),
  port: required(intOrString('Number or name of the port.')),
  scheme: string('HTTP or HTTPS.'),
};

/** An HTTP GET; answers from 200 to 399 are good. */
export interface HTTPGetAction extends Fields<typeof httpGetActionFields> {}
export const httpGetAction: Model<HTTPGetAction> = model(
  'io.k8s.api.core.v1.HTTPGetAction',
  'An HTTP GET; answers from 200 to 399 are good.',
  httpGetActionFields,
);

const tcpSocketActionFields = {
  host: string('Host to connect to; the pod where nothing is said.'),
  port: required(intOrString('Number or name of the port.')),
};

/** Opens a TCP connection. */
export interface TCPSocketAction extends Fields<typeof tcpSocketActionFields> {}
export const tcpSocketAction: Model<TCPSocketAction> = model(
  'io.k8s.api.core.v1.TCPSocketAction',
  'Opens a TCP connection.',
  tcpSocketActionFields,
);

const execActionFields = {
  command: strings('The command and its arguments; no shell.', atomic),
};

/** Runs a command in the container; exit code 0 is good. */
export interface ExecAction extends Fields<typeof execActionFields> {}
export const execAction: Model<ExecAction> = model(
  'io.k8s.api.core.v1.ExecAction',
  'Runs a command in the container; exit code 0 is good.',
  execActionFields,
);

const grpcActionFields = {
  port: required(int32('Number of the port.')),
  service: string('Service to ask about.'),
};

/** Asks the gRPC health service. */
export interface GRPCAction extends Fields<typeof grpcActionFields> {}
export const grpcAction: Model<GRPCAction> = model(
  'io.k8s.api.core.v1.GRPCAction',
  'Asks the gRPC health service.',
  grpcActionFields,
);

const sleepActionFields = {
  seconds: required(int64('How long.')),
};

/** Waits. */
export interface SleepAction extends Fields<typeof sleepActionFields> {}
export const sleepAction: Model<SleepAction> = model('io.k8s.api.core.v1.SleepAction', 'Waits.', sleepActionFields);

const probeFields = {
  exec: ref(execAction, 'Run a command.'),
  failureThreshold: int32('So many failures in a row count as failed.'),
  grpc: ref(grpcAction, 'Ask the gRPC health service.'),
  httpGet: ref(httpGetAction, 'Ask over HTTP.'),
  initialDelaySeconds: int32('How long to wait after the start.'),
  periodSeconds: int32('How often to probe.'),
  successThreshold: int32('So many successes in a row count as well again.'),
  tcpSocket: ref(tcpSocketAction, 'Open a connection.'),
  terminationGracePeriodSeconds: int64("Grace for a container that the probe ends, instead of the pod's."),
  timeoutSeconds: int32('How long an answer may take.'),
};

/** How the kubelet finds out how a container does. */
export interface Probe extends Fields<typeof probeFields> {}
export const probe: Model<Probe> = model(
  'io.k8s.api.core.v1.Probe',
  'How the kubelet finds out how a container does.',
  probeFields,
);

const lifecycleHandlerFields = {
  exec: ref(execAction, 'Run a command.'),
  httpGet: ref(httpGetAction, 'Ask over HTTP.'),
  sleep: ref(sleepAction, 'Wait.'),
  tcpSocket: ref(tcpSocketAction, 'No longer used.'),
};

/** What to do at a moment of a container's life. */
export interface LifecycleHandler extends Fields<typeof lifecycleHandlerFields> {}
export const lifecycleHandler: Model<LifecycleHandler> = model(
  'io.k8s.api.core.v1.LifecycleHandler',
  "What to do at a moment of a container's life.",
  lifecycleHandlerFields,
);

const lifecycleFields = {
  postStart: ref(lifecycleHandler, 'After the start; the container is not running before it is done.'),
  preStop: ref(lifecycleHandler, 'Before the container is told to end.'),
  stopSignal: string('Signal that tells the container to end.'),
};

/** What to do when a container starts and before it is stopped. */
export interface Lifecycle extends Fields<typeof lifecycleFields> {}
export const lifecycle: Model<Lifecycle> = model(
  'io.k8s.api.core.v1.Lifecycle',
  'What to do when a container starts and before it is stopped.',
  lifecycleFields,
);
