import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import type { MysqlConfig, MysqlTls } from '../config.ts';
import { vendorCode } from '../error-codes.ts';

/** The parts of the driver's connection that going over to TLS needs. */
interface Upgradable {
  stream: Socket | TLSSocket;
  readonly packetParser: { execute(data: Buffer): void };
  startTLS: (onSecure: (error?: Error) => void) => void;
  _handleNetworkError(error: Error): void;
}

/** The driver writes a code of its own over that of a refused certificate; this one it leaves. */
interface Refused extends Error {
  tlsCode?: string | undefined;
}

/** The error as TLS said it. */
export function untangle(error: unknown): unknown {
  const code = (error as Refused | null)?.tlsCode;
  return code === undefined ? error : Object.assign(new Error('TLS'), { code });
}

/**
 * Goes over to TLS as the protocol has it, in the driver's place: the driver checks the certificate of a server that is named by
 * its address against the name localhost. Nothing of the login is sent before the check.
 */
export function useTls(connection: unknown, { host }: MysqlConfig, tls: MysqlTls): void {
  const driver = connection as Upgradable;
  driver.startTLS = (onSecure) => {
    const plain = driver.stream;
    plain.removeAllListeners('data');
    let isSecure = false;
    const secure = connect(
      {
        ...tls.options,
        socket: plain,
        ...(isIP(host) === 0 && { servername: host }),
        checkServerIdentity: (_, certificate) =>
          tls.checkName ? checkServerIdentity(host, certificate) : undefined,
      },
      () => {
        isSecure = true;
        onSecure();
      },
    );
    secure.on('error', (error) => {
      // oxlint-disable-next-line no-underscore-dangle -- the driver's own name
      if (isSecure) driver._handleNetworkError(error);
      else onSecure(Object.assign(error, { tlsCode: vendorCode(error) }));
    });
    secure.on('data', (data: Buffer) => driver.packetParser.execute(data));
    driver.stream = secure;
  };
}
