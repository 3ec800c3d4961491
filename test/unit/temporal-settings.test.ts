import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseProfile, profilePath } from '../../src/cli/temporal/temporal-profile.ts';
import { temporalSettings } from '../../src/cli/temporal/temporal-settings.ts';

/** As `temporal config set` of the temporal CLI 1.5.1 wrote it. */
const FILE = String.raw`[profile]
  [profile."a.b"]
    address = "dotted"
  [profile.default]
    address = "a.b:7233"
    namespace = "n.x"
    [profile.default.grpc_meta]
      foo = "bar"
  [profile.cloud]
    api_key = "k'\"y" # a comment
    [profile.cloud.tls]
      server_name = 'sn'
      disabled = false
`;

const folder = mkdtempSync(join(tmpdir(), 'sluice-profile-'));
const path = join(folder, 'temporal.toml');
writeFileSync(path, FILE);
writeFileSync(join(folder, 'ca.pem'), 'CA');
afterAll(() => rmSync(folder, { recursive: true }));
const environment = { TEMPORAL_CONFIG_FILE: path };

describe("the temporal CLI's profile file", () => {
  test('is read by profile', () => {
    expect(parseProfile(FILE, 'default')).toEqual({
      address: 'a.b:7233',
      namespace: 'n.x',
      'grpc_meta.foo': 'bar',
    });
    expect(parseProfile(FILE, 'a.b')).toEqual({ address: 'dotted' });
    expect(parseProfile(FILE, 'cloud')).toEqual({
      api_key: 'k\'"y',
      'tls.server_name': 'sn',
      'tls.disabled': false,
    });
    expect(parseProfile(FILE, 'none')).toBeNull();
  });

  test.each([
    ['linux', { HOME: '/h' }, '/h/.config/temporalio/temporal.toml'],
    ['linux', { HOME: '/h', XDG_CONFIG_HOME: '/x' }, '/x/temporalio/temporal.toml'],
    ['darwin', { HOME: '/h' }, '/h/Library/Application Support/temporalio/temporal.toml'],
  ] as const)('lies where the temporal CLI puts it on %s', (platform, variables, expected) => {
    expect(profilePath(variables, platform)).toBe(expected);
  });

  test('that is asked for and is not there is an error; the default one may be missing', () => {
    expect(() => temporalSettings({ profile: 'none' }, environment)).toThrow('there is no profile "none"');
    expect(temporalSettings({}, { TEMPORAL_CONFIG_FILE: join(folder, 'none') }).address).toBe(
      'localhost:7233',
    );
  });
});

describe('settings of the connection to Temporal', () => {
  test('come from flag, SLUICE_*, TEMPORAL_*, profile, default, in this order', () => {
    const all = { ...environment, SLUICE_ADDRESS: 'sluice', TEMPORAL_ADDRESS: 'temporal' };
    expect(temporalSettings({ address: 'flag' }, all).address).toBe('flag');
    expect(temporalSettings({}, all).address).toBe('sluice');
    expect(temporalSettings({}, { ...environment, TEMPORAL_ADDRESS: 'temporal' }).address).toBe('temporal');
    expect(temporalSettings({}, environment)).toMatchObject({
      address: 'a.b:7233',
      namespace: 'n.x',
      taskQueue: 'sluice',
    });
  });

  test('an API key or any TLS option turns TLS on, --no-tls turns it off', () => {
    expect(temporalSettings({}, environment).tls).toBeNull();
    expect(temporalSettings({ profile: 'cloud' }, environment)).toMatchObject({
      apiKey: 'k\'"y',
      tls: { serverName: 'sn' },
    });
    expect(temporalSettings({ profile: 'cloud', tls: false }, environment).tls).toBeNull();
    expect(temporalSettings({ apiKey: 'x' }, environment).tls).not.toBeNull();
    const ca = temporalSettings(
      {},
      { TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(folder, 'ca.pem'), TEMPORAL_CONFIG_FILE: '/none' },
    );
    expect(ca.tls?.serverCa?.toString()).toBe('CA');
    expect(temporalSettings({}, { ...environment, TEMPORAL_TLS: 'true' }).tls).not.toBeNull();
  });

  test('metadata comes from both, the environment wins', () => {
    expect(temporalSettings({}, { ...environment, TEMPORAL_GRPC_META_X_TEAM: 'a' }).metadata).toEqual({
      foo: 'bar',
      'x-team': 'a',
    });
  });
});
