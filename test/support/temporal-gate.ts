import { readFileSync } from 'node:fs';
import {
  connect,
  constants,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificates.ts';

export interface TemporalGate {
  /** `host:port`, for TLS only. */
  readonly address: string;
  stop(): Promise<void>;
}

export interface GateOptions {
  /** Of the Temporal server behind it, which speaks plain text. */
  readonly address: string;
  readonly server: Certificate;
  /** Path of the authority that signs the certificates of clients. */
  readonly clientAuthority: string;
  readonly apiKey: string;
}

/** grpc-status of a caller whose credentials do not hold. */
const UNAUTHENTICATED = 16;

/** In front of a Temporal server as Temporal Cloud is: TLS, certificates of clients, and an API key in each call. */
export async function startTemporalGate(options: GateOptions): Promise<TemporalGate> {
  const upstream = connect(`http://${options.address}`);
  upstream.on('error', () => undefined);
  const pass = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    const call = upstream.request(headers);
    let trailers: IncomingHttpHeaders = {};
    call.on('response', (answer, flags) => {
      const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      stream.respond(answer, isWhole ? { endStream: true } : { waitForTrailers: true });
      if (!isWhole) call.pipe(stream);
    });
    call.on('trailers', (found) => (trailers = found));
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.on('error', () => call.close(constants.NGHTTP2_CANCEL));
    stream.on('aborted', () => call.close(constants.NGHTTP2_CANCEL));
    call.on('error', () => stream.close(constants.NGHTTP2_CANCEL));
    stream.pipe(call);
  };
  const server = createSecureServer({
    cert: readFileSync(options.server.cert),
    key: readFileSync(options.server.key),
    ca: readFileSync(options.clientAuthority),
    requestCert: true,
    rejectUnauthorized: true,
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    if (headers.authorization === `Bearer ${options.apiKey}`) pass(stream, headers);
    else {
      const refusal = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': UNAUTHENTICATED };
      stream.respond(refusal, { endStream: true });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.destroy();
      upstream.destroy();
      await closed;
    },
  };
}
