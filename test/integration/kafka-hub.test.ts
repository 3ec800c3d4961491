import { kafka } from '../../src/hubs/kafka/hub.ts';
import { hubSuite } from '../contract/hub-suite.ts';
import { describeWith, servers } from '../support/servers.ts';

describeWith(['kafka'], 'Kafka as a hub', () => {
  hubSuite({
    title: 'hub contract',
    kind: kafka,
    url: () => servers().kafkaUrl,
    settings: {},
    limitsBytes: false,
    storesIdsOnce: false,
    sharesLanes: false,
  });
});
