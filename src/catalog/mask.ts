const HIDDEN = '***';

/** Query parameters and settings whose value is a secret, by their name. */
const SECRET_NAME =
  /pass(word|wd|phrase)?$|^pwd$|secret|token|credential|api_?key|private_?key|sslkey|^jwt$|^nkey|^seed$/i;

export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

/** Schemes where a user name without a password is a token. */
const TOKEN_SCHEMES = new Set(['nats', 'tls', 'ws', 'wss']);

function maskAuthority(scheme: string, authority: string): string {
  const at = authority.lastIndexOf('@');
  if (at < 0) return authority;
  const user = authority.slice(0, at);
  const colon = user.indexOf(':');
  if (colon >= 0) return `${user.slice(0, colon)}:${HIDDEN}${authority.slice(at)}`;
  return TOKEN_SCHEMES.has(scheme.toLowerCase()) ? `${HIDDEN}${authority.slice(at)}` : authority;
}

const maskQuery = (rest: string): string =>
  rest.replaceAll(
    /([?&;])([^=&;#\s]+)=([^&;#\s]*)/g,
    (whole: string, mark: string, name: string, value: string) =>
      value !== '' && isSecretName(name) ? `${mark}${name}=${HIDDEN}` : whole,
  );

/**
 * A URL as it may be shown: password, token and secret parameters replaced. Total: what is no URL is only searched for
 * parameters. The authority ends at the last `@` before a space, since unescaped passwords may hold `/`, `?` and `#`.
 */
export function maskUrl(url: string): string {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(url);
  if (!match) return maskQuery(url);
  const [, scheme = '', rest = ''] = match;
  const at = rest.lastIndexOf('@');
  const slash = rest.slice(Math.max(0, at)).search(/[/?#]/);
  const end = slash < 0 ? rest.length : Math.max(0, at) + slash;
  return `${scheme}://${maskAuthority(scheme, rest.slice(0, end))}${maskQuery(rest.slice(end))}`;
}

/**
 * A text as it may be shown: every known secret and every password of a URL in it replaced (invariant 1). For texts of
 * others, such as driver messages; our own never hold a secret.
 */
export function maskText(text: string, secrets: readonly string[] = []): string {
  let masked = text;
  // Longest first, so that a secret that contains another leaves nothing behind. Very short ones would hide whole words.
  const known = secrets
    .filter((secret) => secret.length > 2)
    .sort((left, right) => right.length - left.length);
  for (const secret of known) {
    masked = masked.replaceAll(secret, HIDDEN);
    const encoded = encodeURIComponent(secret);
    if (encoded !== secret) masked = masked.replaceAll(encoded, HIDDEN);
  }
  return masked.replaceAll(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'`<>]+/gi, maskUrl);
}
