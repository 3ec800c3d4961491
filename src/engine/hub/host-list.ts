import { SluiceError } from '../../model/sluice-error.ts';

/** How the URL of a kind of hub looks: `nats://user:secret@one:4222,two`. */
export interface HostListForm {
  /** The product, as errors name it. */
  readonly product: string;
  /** Without `://`; the first is the one without encryption. */
  readonly schemes: readonly [string, string];
  readonly defaultPort: string;
  readonly example: string;
}

/** What stands in such a URL. The user of the first host is the user of all. */
export interface HostList {
  readonly scheme: string;
  /** `host:port` each. */
  readonly servers: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
}

const schemeOf = (url: string, { schemes }: HostListForm): string | null =>
  schemes.find((scheme) => url.startsWith(`${scheme}://`)) ?? null;

/** The error for a URL that is not of this form; its text repeats nothing of the URL. */
export const invalidUrl = ({ product, example }: HostListForm, reason: string): SluiceError =>
  new SluiceError('connection.invalid_url', `not a ${product} URL: ${reason}`, { suggestion: example });

/** @throws SluiceError connection.invalid_url */
export function parseHostList(url: string, form: HostListForm): HostList {
  const invalid = (reason: string): SluiceError => invalidUrl(form, reason);
  const scheme = schemeOf(url, form);
  if (scheme === null)
    throw invalid(`it starts with ${form.schemes.map((each) => `${each}://`).join(' or ')}`);
  const prefix = `${scheme}://`;
  const hosts = url
    .slice(prefix.length)
    .split(',')
    // Some write the scheme before each host.
    .map((host) => (host.startsWith(prefix) ? host.slice(prefix.length) : host))
    .map((text) => {
      try {
        // http: gives the parser's checks of host and port that it leaves out for schemes it does not know.
        return { text, parsed: new URL(`http://${text}`) };
      } catch {
        throw invalid('host or port cannot be read');
      }
    });
  const [first] = hosts;
  if (!first || hosts.some(({ parsed }) => parsed.hostname === '')) throw invalid('a host is missing');
  if (hosts.some(({ parsed }) => parsed.pathname !== '/' || parsed.search !== ''))
    throw invalid('nothing may follow the host');
  const decode = (part: string): string | null => {
    try {
      return decodeURIComponent(part) || null;
    } catch {
      throw invalid('user or password hold a % that is not escaped');
    }
  };
  // The parser leaves port 80 out, which is http's own.
  const portOf = (port: string, text: string): string =>
    port === '' && !text.endsWith(':80') ? form.defaultPort : port || '80';
  return {
    scheme,
    servers: hosts.map(({ parsed, text }) => `${parsed.hostname}:${portOf(parsed.port, text)}`),
    user: decode(first.parsed.username),
    password: decode(first.parsed.password),
  };
}

/**
 * Total, also for a text that is no URL: all before the last @ is hidden except the user name, for a secret may itself
 * hold an @, a comma or a slash that should have been escaped. A lone name may be a token and is hidden, too.
 */
export function maskHostList(url: string, form: HostListForm): string {
  const scheme = schemeOf(url, form);
  const start = scheme === null ? 0 : scheme.length + 3;
  const at = url.lastIndexOf('@');
  if (at < start) return url;
  const colon = url.indexOf(':', start);
  const user = colon > start && colon < at ? `${url.slice(start, colon)}:` : '';
  return `${url.slice(0, start)}${user}***${url.slice(at)}`;
}
