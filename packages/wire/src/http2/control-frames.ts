/** The frames of a connection itself, as both sides read and write them. What is malformed throws a ConnectionError. */
import type { FrameHeader } from './frame-reader.ts';
import { readWord } from './header-assembly.ts';
import { ConnectionError, ErrorCode, Flag, FrameType, protocolError } from './protocol.ts';
import type { Sender } from './sender.ts';
import { type PeerSettings, readSettings } from './settings.ts';

/** Larger frames than this gain nothing. */
const largestFrameBytes = 64 * 1024;

export function writeSettings(sender: Sender, settings: readonly (readonly [id: number, value: number])[]): void {
  sender.begin(FrameType.SETTINGS, 0, 0, 6 * settings.length);
  const { out } = sender;
  for (const [id, value] of settings) {
    out.at = out.bytes.writeUInt16BE(id, out.at);
    out.at = out.bytes.writeUInt32BE(value, out.at);
  }
}

/** The settings of the peer, or undefined for its acknowledgement of ours. */
export function takeSettings({ flags, streamId }: FrameHeader, payload: Buffer): PeerSettings | undefined {
  if (streamId !== 0) throw protocolError('SETTINGS of a stream');
  const isAck = (flags & Flag.ACK) !== 0;
  if (isAck ? payload.length > 0 : payload.length % 6 !== 0) throw frameSizeError('SETTINGS');
  return isAck ? undefined : readSettings(payload);
}

/** Obeys and acknowledges settings; windows of streams are the caller's. */
export function obeySettings(sender: Sender, { tableBytes, maxFrameBytes }: PeerSettings): void {
  if (tableBytes !== undefined) sender.setTableBytes(tableBytes);
  if (maxFrameBytes !== undefined) sender.maxFrameBytes = Math.min(maxFrameBytes, largestFrameBytes);
  sender.words(FrameType.SETTINGS, Flag.ACK, 0);
}

/** What a PING is: the answer to ours with that number, or a question. */
export function takePing({ flags, streamId }: FrameHeader, payload: Buffer): { readonly answerTo: number | undefined } {
  if (streamId !== 0) throw protocolError('PING of a stream');
  if (payload.length !== 8) throw frameSizeError('PING');
  return { answerTo: (flags & Flag.ACK) === 0 ? undefined : payload.readUInt32BE(4) };
}

export function answerPing(sender: Sender, payload: Buffer): void {
  sender.begin(FrameType.PING, Flag.ACK, 0, 8);
  sender.out.copy(payload);
}

export interface GoAway {
  readonly lastStreamId: number;
  readonly code: number;
  readonly text: string;
}

export function writeGoAway(sender: Sender, { lastStreamId, code, text }: GoAway): void {
  const details = Buffer.from(text);
  sender.begin(FrameType.GOAWAY, 0, 0, 8 + details.length);
  const { out } = sender;
  out.at = out.bytes.writeUInt32BE(lastStreamId, out.at);
  out.at = out.bytes.writeUInt32BE(code, out.at);
  out.copy(details);
}

export function takeGoAway({ streamId }: FrameHeader, payload: Buffer): GoAway {
  if (streamId !== 0) throw protocolError('GOAWAY of a stream');
  if (payload.length < 8) throw frameSizeError('GOAWAY');
  return { lastStreamId: readWord(payload, 0), code: payload.readUInt32BE(4), text: payload.toString('utf8', 8) };
}

/** By how much a WINDOW_UPDATE widens; one of the connection by something. */
export function takeWindowUpdate({ streamId }: FrameHeader, bytes: Buffer, start: number, end: number): number {
  if (end - start !== 4) throw frameSizeError('WINDOW_UPDATE');
  const increment = readWord(bytes, start);
  if (streamId === 0 && increment === 0) throw protocolError('WINDOW_UPDATE by nothing');
  return increment;
}

/** The padding of a padded DATA frame `bytes[start, end)`, without the byte that tells it. */
export function paddingOf(bytes: Buffer, start: number, end: number): number {
  if (end === start) throw frameSizeError('padded DATA');
  const padding = bytes[start] ?? 0;
  if (padding >= end - start) throw protocolError('more padding than frame');
  return padding;
}

export function takeReset(payload: Buffer): number {
  if (payload.length !== 4) throw frameSizeError('RST_STREAM');
  return payload.readUInt32BE(0);
}

function frameSizeError(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `${what} of a wrong size`);
}
