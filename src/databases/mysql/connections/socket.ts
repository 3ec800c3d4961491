import type { Socket } from 'node:net';
import { createReadingSocket } from '../../../engine/driver/reading-socket.ts';
import type { MysqlConfig } from '../config.ts';

const KEEP_ALIVE_DELAY_MS = 10_000;

/** A socket for one session, which connects. */
export function createSocket(config: MysqlConfig): Socket {
  const socket = createReadingSocket();
  if (config.socketPath !== null) socket.connect(config.socketPath);
  else socket.connect(config.port, config.host);
  socket.once('connect', () => socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS));
  socket.setNoDelay(true);
  return socket;
}
