import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from '../../scripts/servers/install/find-program.mjs';

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Why tests that make certificates cannot run; null when they can. */
export const missingOpenssl = (): string | null => (onPath('openssl') ? null : 'openssl is not installed');

const openssl = (...args: readonly string[]): void => {
  execFileSync('openssl', args, { stdio: 'ignore' });
};

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const LIFE = ['-days', '2'];

/** An authority of its own in the folder, that signs certificates of servers and clients. */
export function createAuthority(folder: string, name = 'authority') {
  const path = (file: string): string => join(folder, file);
  const authority: Certificate = { cert: path(`${name}.pem`), key: path(`${name}.key`) };
  const files = ['-keyout', authority.key, '-out', authority.cert];
  openssl('req', '-x509', ...KEY, ...LIFE, '-subj', `/CN=${name}`, ...files);
  return {
    ...authority,
    /** `names` as in subjectAltName: `IP:127.0.0.1`, `DNS:localhost`. */
    issue(subject: string, names: string): Certificate {
      const issued: Certificate = { cert: path(`${subject}.pem`), key: path(`${subject}.key`) };
      const [request, extensions] = [path(`${subject}.csr`), path(`${subject}.ext`)];
      openssl('req', ...KEY, '-subj', `/CN=${subject}`, '-keyout', issued.key, '-out', request);
      writeFileSync(extensions, `subjectAltName=${names}\n`);
      const signer = ['-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial'];
      const signed = ['-in', request, '-extfile', extensions, '-out', issued.cert];
      openssl('x509', '-req', ...signer, ...LIFE, ...signed);
      return issued;
    },
  };
}
