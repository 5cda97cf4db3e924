/** The settings of a peer that matter to us. */
import { ConnectionError, ErrorCode, SettingId, defaultMaxFrameBytes, maxWindowBytes } from './protocol.ts';

export interface PeerSettings {
  readonly tableBytes: number | undefined;
  readonly initialWindowBytes: number | undefined;
  readonly maxFrameBytes: number | undefined;
}

const largestFrameBytes = 0xff_ffff;

/** @throws ConnectionError for values that are not allowed. */
export function readSettings(payload: Buffer): PeerSettings {
  const values = new Map<number, number>();
  for (let at = 0; at < payload.length; at += 6) {
    const [id, value] = [payload.readUInt16BE(at), payload.readUInt32BE(at + 2)];
    check(id, value);
    values.set(id, value);
  }
  return {
    tableBytes: values.get(SettingId.HEADER_TABLE_SIZE),
    initialWindowBytes: values.get(SettingId.INITIAL_WINDOW_SIZE),
    maxFrameBytes: values.get(SettingId.MAX_FRAME_SIZE),
  };
}

function check(id: number, value: number): void {
  if (id === SettingId.INITIAL_WINDOW_SIZE && value > maxWindowBytes) {
    throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'an initial window that is too large');
  }
  const refused =
    (id === SettingId.ENABLE_PUSH && value > 1) ||
    (id === SettingId.MAX_FRAME_SIZE && (value < defaultMaxFrameBytes || value > largestFrameBytes));
  if (refused) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `setting ${id} may not be ${value}`);
}
