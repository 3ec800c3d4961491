import { readFile } from 'node:fs/promises';
import { type Static, Type } from '@sinclair/typebox';

/** TLS of a connection to a hub. */
export const TlsSettings = Type.Object(
  {
    ca: Type.Optional(
      Type.String({ description: 'Certificate authority of the server: PEM text or the path of a file.' }),
    ),
    cert: Type.Optional(
      Type.String({ description: 'Certificate of the client: PEM text or the path of a file.' }),
    ),
    key: Type.Optional(
      Type.String({
        description: 'Key of the client certificate: PEM text or the path of a file.',
        writeOnly: true,
      }),
    ),
  },
  { additionalProperties: false },
);
export type TlsSettings = Static<typeof TlsSettings>;

/** What stands in the settings as PEM text each. Reads the files, so that their absence shows at open. */
export async function readTls(tls: TlsSettings | undefined): Promise<TlsSettings> {
  const pem = async (text: string): Promise<string> =>
    text.includes('-----BEGIN') ? text : readFile(text, 'utf8');
  const entries = Object.entries(tls ?? {}).map(async ([name, text]) => [name, await pem(text)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** ERR_TLS_CERT_ALTNAME_INVALID, DEPTH_ZERO_SELF_SIGNED_CERT, CERT_HAS_EXPIRED, …, also as drivers wrap them. */
export const isCertificateCode = (code: string): boolean =>
  /^ERR_(TLS|SSL)_|CERT|UNABLE_TO_VERIFY/.test(code);
