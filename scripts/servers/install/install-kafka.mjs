import { provideJars } from './maven-jars.mjs';

const VERSION = '4.1.0';
/** Kafka's own logging goes through slf4j; without a binding a broker that fails says nothing. */
const SLF4J_VERSION = '1.7.36';

/**
 * The jars of a Kafka broker, from our cache or by Maven.
 *
 * @returns {Promise<string>} the folder that holds them
 */
export const provideKafka = () =>
  provideJars({
    name: `kafka-${VERSION}`,
    title: `Kafka ${VERSION}`,
    artifacts: [`org.apache.kafka:kafka_2.13:${VERSION}`, `org.slf4j:slf4j-simple:${SLF4J_VERSION}`],
    newest: `kafka_2.13-${VERSION}.jar`,
    byHand:
      'Kafka is a Java program: install Java 17 and Maven (Debian: apt-get install openjdk-17-jre-headless maven), ' +
      'or set SLUICE_TEST_KAFKA_BROKERS to host:port of a broker',
  });
