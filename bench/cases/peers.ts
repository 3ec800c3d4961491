import { fileURLToPath } from 'node:url';
import { measureProgram } from '../measure/measure-program.ts';
import { providePackage } from '../peers/provide-package.ts';
import { provideSling } from '../peers/provide-sling.ts';
import type { Case, Outcome, Surroundings } from './case.ts';

const scriptPath = (name: string): string => fileURLToPath(new URL(`../peers/${name}.sh`, import.meta.url));

interface PeerOptions extends Partial<Omit<Case, 'name' | 'run' | 'side'>> {
  readonly title: string;
  readonly script?: string;
  /** Further variables; null where the program cannot be had. */
  readonly provide?: () => Promise<Readonly<Record<string, string>> | null>;
  readonly targetUrl?: (surroundings: Surroundings) => string;
  readonly countArrived?: (surroundings: Surroundings) => Promise<number>;
}

const missing: Outcome = { seconds: 0, cpuSeconds: 0, peakBytes: 0, extra: {}, error: 'cannot be had here' };

function peer(name: string, options: PeerOptions): Case {
  const { script = name, provide, targetUrl, countArrived, ...rest } = options;
  return {
    name,
    side: 'peer',
    group: 'orders',
    tableExists: false,
    sameContents: true,
    ...rest,
    run: async (surroundings) => {
      const variables = provide ? await provide() : {};
      if (!variables) return missing;
      const result = await measureProgram('bash', [scriptPath(script)], {
        SOURCE: surroundings.source,
        TARGET: targetUrl?.(surroundings) ?? surroundings.target,
        SCRATCH: surroundings.scratch,
        ...variables,
      });
      const arrived = countArrived && {
        arrived: async () => ({ rows: await countArrived(surroundings), error: null }),
      };
      return { ...result, extra: {}, ...arrived };
    },
  };
}

const sling =
  (more: Readonly<Record<string, string>> = {}) =>
  async () => {
    const binary = await provideSling();
    return binary === null ? null : { SLING: binary, ...more };
  };

const hasPgcopydb = async () => ((await providePackage('pgcopydb')) === null ? null : {});

/** The yardstick: the fastest thing that everybody has and that ends with rows in the same table as ours. */
export const YARDSTICK = 'psql-text';

export const PEERS: readonly Case[] = [
  peer(YARDSTICK, { title: 'psql COPY text \\| psql COPY, key present', tableExists: true }),
  peer('psql-binary', { title: 'psql COPY binary \\| psql COPY, key present', tableExists: true }),
  peer('pgcopydb', { title: 'pgcopydb clone', provide: hasPgcopydb }),
  peer('pg-dump', { title: 'pg_dump \\| psql' }),
  peer('pg-dump-custom', { title: 'pg_dump -Fc -Z0 \\| pg_restore' }),
  peer('sling', { title: 'Sling 1.4.11, makes no key', provide: sling(), sameContents: false }),
  peer('sling-key', {
    title: 'Sling 1.4.11, makes the key',
    script: 'sling',
    provide: sling({ SLING_KEY: '1' }),
    sameContents: false,
  }),
  peer('large-psql-text', {
    title: 'psql COPY text \\| psql COPY, key present',
    script: YARDSTICK,
    group: 'large',
    tableExists: true,
  }),
];
