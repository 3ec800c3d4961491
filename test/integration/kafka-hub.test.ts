import { kafka } from '../../src/hubs/kafka/hub.ts';
import { COMPRESSIONS } from '../../src/hubs/kafka/wire/codecs.ts';
import { hubSuite } from '../contract/hub-suite.ts';
import { describeWith, servers } from '../support/servers.ts';

describeWith(['kafka'], 'Kafka as a hub', () => {
  for (const compression of COMPRESSIONS) {
    hubSuite({
      title: `hub contract, compression ${compression}`,
      kind: kafka,
      url: () => servers().kafkaUrl,
      settings: { compression },
      limitsBytes: false,
      storesIdsOnce: false,
      sharesLanes: false,
    });
  }
});
