/**
 * The server programs that Sluice is tested with, at pinned versions, and every way to get them.
 * Later versions of the temporal CLI carry a replace directive, which `go install` refuses.
 *
 * @typedef {object} Binary
 * @property {string} name what the program is called on PATH
 * @property {string} version
 * @property {string} module for `go install`
 * @property {string} builtAs the name that `go install` gives it
 * @property {string} building how long the installation from source takes
 * @property {string} byHand where a person gets it
 * @property {(platform: { os: string, arch: string }) => string} downloadUrl a .tar.gz that holds `name`, or `name` itself
 */

/** @type {Record<'temporal' | 'nats' | 'toxiproxy', Binary>} */
export const BINARIES = {
  temporal: {
    name: 'temporal',
    version: '1.5.1',
    module: 'github.com/temporalio/cli/cmd/temporal',
    builtAs: 'temporal',
    building: 'about 4 minutes',
    byHand: 'https://docs.temporal.io/cli',
    downloadUrl: ({ os, arch }) =>
      `https://github.com/temporalio/cli/releases/download/v1.5.1/temporal_cli_1.5.1_${os}_${arch}.tar.gz`,
  },
  nats: {
    name: 'nats-server',
    version: '2.15.2',
    module: 'github.com/nats-io/nats-server/v2',
    builtAs: 'nats-server',
    building: 'about 30 s',
    byHand: 'https://docs.nats.io/running-a-nats-service/introduction/installation',
    downloadUrl: ({ os, arch }) =>
      `https://github.com/nats-io/nats-server/releases/download/v2.15.2/nats-server-v2.15.2-${os}-${arch}.tar.gz`,
  },
  toxiproxy: {
    name: 'toxiproxy-server',
    version: '2.5.0',
    module: 'github.com/Shopify/toxiproxy/v2/cmd/server',
    builtAs: 'server',
    building: 'about 20 s',
    byHand: 'https://github.com/Shopify/toxiproxy',
    downloadUrl: ({ os, arch }) =>
      `https://github.com/Shopify/toxiproxy/releases/download/v2.5.0/toxiproxy-server-${os}-${arch}`,
  },
};

/** Node's names for the machine as the projects above write them in the names of their files. */
export const platform = () => ({
  os: process.platform,
  arch: process.arch === 'x64' ? 'amd64' : process.arch,
});
