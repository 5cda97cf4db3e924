/** One try of a probe or a lifecycle handler: `httpGet`, `tcpSocket` and `exec`. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Container, HTTPGetAction, LifecycleHandler, Probe, TCPSocketAction } from '@flotilla/api';
import { OperatingError, messageOf } from '@flotilla/base';
import type { RuntimeService } from '../runtime/cri.ts';

export interface CheckTarget {
  readonly runtime: RuntimeService;
  readonly container: Container;
  readonly containerId: string;
  readonly podAddress: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** An outcome, not an error: what a failing check says. */
export type CheckResult = { readonly success: true } | { readonly success: false; readonly message: string };

/** Bodies of answers are read up to here, for messages. */
const bodyMaxBytes = 10 * 1024;

export async function check(action: Probe | LifecycleHandler, target: CheckTarget): Promise<CheckResult> {
  try {
    if (action.httpGet) return await checkHttp(action.httpGet, target);
    if (action.tcpSocket) return await checkTcp(action.tcpSocket, target);
    if (action.exec) return await checkExec(action.exec.command ?? [], target);
    return { success: false, message: 'this kubelet has httpGet, tcpSocket and exec probes only' };
  } catch (error) {
    return { success: false, message: messageOf(error) };
  }
}

async function checkExec(command: readonly string[], target: CheckTarget): Promise<CheckResult> {
  const { runtime, containerId, timeoutMs, signal } = target;
  const request = { container_id: containerId, cmd: command, timeout: timeoutMs / 1000 };
  const { exit_code: exitCode, stdout, stderr } = await runtime.execSync(request, { signal });
  if (exitCode === 0) return { success: true };
  const output = Buffer.concat([stdout, stderr]).toString('utf8', 0, bodyMaxBytes).trim();
  return { success: false, message: output === '' ? `command exited with code ${exitCode}` : output };
}

function checkTcp({ host, port }: TCPSocketAction, target: CheckTarget): Promise<CheckResult> {
  const address = { host: host ?? target.podAddress, port: portNumber(port, target.container) };
  return new Promise((resolve) => {
    const socket = connect({ ...address, signal: target.signal });
    const finish = (result: CheckResult): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(target.timeoutMs, () =>
      finish({ success: false, message: `dial tcp ${address.host}:${address.port}: i/o timeout` }),
    );
    socket.once('connect', () => finish({ success: true }));
    socket.once('error', (error) => finish({ success: false, message: messageOf(error) }));
  });
}

async function checkHttp(action: HTTPGetAction, target: CheckTarget): Promise<CheckResult> {
  const { host = target.podAddress, path = '/', scheme = 'HTTP', httpHeaders = [] } = action;
  const headers: Record<string, string> = { 'User-Agent': 'kube-probe/1.32', Accept: '*/*' };
  for (const { name, value } of httpHeaders) headers[name] = value;
  const { statusCode, body } = await get({
    secure: scheme === 'HTTPS',
    timeoutMs: target.timeoutMs,
    options: {
      host,
      port: portNumber(action.port, target.container),
      path,
      headers,
      agent: false,
      signal: target.signal,
    },
  });
  if (statusCode >= 200 && statusCode < 400) return { success: true };
  return {
    success: false,
    message: `HTTP probe failed with statuscode: ${statusCode}${body === '' ? '' : ` (${body})`}`,
  };
}

interface Get {
  readonly secure: boolean;
  readonly timeoutMs: number;
  readonly options: RequestOptions;
}

function get({ secure, timeoutMs, options }: Get): Promise<{ readonly statusCode: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage): void => {
      let body = '';
      const finish = (): void => {
        clearTimeout(timer);
        request.destroy();
        resolve({ statusCode: response.statusCode ?? 0, body: body.slice(0, 200) });
      };
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
        if (body.length > bodyMaxBytes) finish();
      });
      response.once('end', finish);
      response.once('error', finish);
    };
    // Probes do not verify certificates: they ask about health, not identity.
    const request = secure
      ? httpsRequest({ ...options, rejectUnauthorized: false }, answered)
      : httpRequest(options, answered);
    const timer = setTimeout(() => {
      request.destroy(
        new OperatingError(
          'PROBE_TIMEOUT',
          'context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        ),
      );
    }, timeoutMs);
    request.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end();
  });
}

/** A number, or the name of one of the container's ports. @throws OperatingError `PROBE_PORT` */
function portNumber(port: string | number, container: Container): number {
  const number = Number(port);
  if (Number.isInteger(number)) return number;
  const named = container.ports?.find(({ name }) => name === port);
  if (named) return named.containerPort;
  throw new OperatingError('PROBE_PORT', `couldn't find port: ${port}`);
}
