import { nats } from '../../src/hubs/nats/hub.ts';
import { hubSuite } from '../contract/hub-suite.ts';
import { describeWith, servers } from '../support/servers.ts';

describeWith(['nats'], 'NATS as a hub', () => {
  hubSuite({
    title: 'hub contract',
    kind: nats,
    url: () => servers().natsUrl,
    settings: {},
    limitsBytes: true,
    storesIdsOnce: true,
    sharesLanes: true,
  });
});
