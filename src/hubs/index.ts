import type { HubKind } from '../engine/ports/hub.ts';
import { SluiceError } from '../model/sluice-error.ts';

/** URL scheme -> kind of hub, loaded when first used. Adding a hub is a folder and a line here. */
const HUBS: Readonly<Record<string, () => Promise<HubKind>>> = {
  nats: async () => (await import('./nats/hub.ts')).nats,
  tls: async () => (await import('./nats/hub.ts')).nats,
  kafka: async () => (await import('./kafka/hub.ts')).kafka,
  kafkas: async () => (await import('./kafka/hub.ts')).kafka,
};

export const hubSchemes = (): readonly string[] => Object.keys(HUBS);

/** @throws SluiceError connection.invalid_url */
export async function loadHubKind(scheme: string): Promise<HubKind> {
  const load = Object.hasOwn(HUBS, scheme) ? HUBS[scheme] : undefined;
  if (!load) {
    throw new SluiceError('connection.invalid_url', `"${scheme}:" is no hub that Sluice knows`, {
      suggestion: `one of ${hubSchemes().join(', ')}`,
    });
  }
  return load();
}
