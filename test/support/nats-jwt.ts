import { nkeys } from 'nats';

type KeyPair = ReturnType<typeof nkeys.createUser>;

const base64url = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url');

/** A token of NATS: claims that one key signs about another. @see https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt */
function sign(by: KeyPair, about: KeyPair, name: string, nats: Readonly<Record<string, unknown>>): string {
  const claims = {
    jti: base64url(about.getPublicKey()),
    iat: Math.floor(Date.now() / 1000),
    iss: by.getPublicKey(),
    name,
    sub: about.getPublicKey(),
    nats: { version: 2, ...nats },
  };
  const head = base64url(JSON.stringify({ typ: 'JWT', alg: 'ed25519-nkey' }));
  const signed = `${head}.${base64url(JSON.stringify(claims))}`;
  return `${signed}.${base64url(by.sign(Buffer.from(signed)))}`;
}

const UNLIMITED = {
  subs: -1,
  data: -1,
  payload: -1,
  conn: -1,
  leaf: -1,
  imports: -1,
  exports: -1,
  wildcards: true,
};

/** An operator with one account, as `nsc` makes them: what the server's configuration says, and the user's .creds file. */
export function createOperator(): { readonly serverConfig: string; readonly creds: string } {
  const operator = nkeys.createOperator();
  const [system, account] = [nkeys.createAccount(), nkeys.createAccount()];
  const user = nkeys.createUser();
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const jwts = {
    operator: sign(operator, operator, 'operator', {
      type: 'operator',
      system_account: system.getPublicKey(),
    }),
    system: sign(operator, system, 'system', { type: 'account', limits: UNLIMITED }),
    account: sign(operator, account, 'account', { type: 'account', limits: { ...UNLIMITED, ...storage } }),
    user: sign(account, user, 'user', { type: 'user', subs: -1, data: -1, payload: -1 }),
  };
  const seed = new TextDecoder().decode(user.getSeed());
  return {
    serverConfig: `operator: ${jwts.operator}
      system_account: ${system.getPublicKey()}
      resolver: MEMORY
      resolver_preload: { ${system.getPublicKey()}: ${jwts.system}, ${account.getPublicKey()}: ${jwts.account} }`,
    creds: `-----BEGIN NATS USER JWT-----\n${jwts.user}\n------END NATS USER JWT------\n
-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
  };
}
