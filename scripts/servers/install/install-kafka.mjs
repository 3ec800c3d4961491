import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { announceWhile } from '../announce.mjs';
import { withLock } from '../process/lock.mjs';
import { runProgram } from '../process/run-program.mjs';
import { cacheFolder, onPath } from './find-program.mjs';

const VERSION = '4.1.0';
/** Kafka's own logging goes through slf4j; without a binding a broker that fails says nothing. */
const SLF4J_VERSION = '1.7.36';

const BY_HAND =
  'Kafka is a Java program: install Java 17 and Maven (Debian: apt-get install openjdk-17-jre-headless maven), ' +
  'or set SLUICE_TEST_KAFKA_BROKERS to host:port of a broker';

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sluice</groupId><artifactId>kafka-server</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>${SLF4J_VERSION}</version></dependency>
  </dependencies>
</project>
`;

const isComplete = (/** @type {string} */ folder) =>
  existsSync(folder) && readdirSync(folder).includes(`kafka_2.13-${VERSION}.jar`);

async function installInto(/** @type {string} */ mvn, /** @type {string} */ folder) {
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  await writeFile(join(part, 'pom.xml'), POM);
  const libs = join(part, 'libs');
  await runProgram(mvn, ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${libs}`], {
    cwd: part,
  });
  await rename(libs, folder);
  await rm(part, { recursive: true, force: true });
}

/**
 * The jars of a Kafka broker, from our cache or by Maven.
 *
 * @returns {Promise<string>} the folder that holds them
 */
export async function provideKafka() {
  const folder = join(cacheFolder(), `kafka-${VERSION}`);
  if (!onPath('java')) throw new Error(BY_HAND);
  if (isComplete(folder)) return folder;
  const mvn = onPath('mvn');
  if (!mvn) throw new Error(BY_HAND);
  return withLock(`${folder}.lock`, 'installing Kafka', async () => {
    if (!isComplete(folder)) {
      await announceWhile(`getting Kafka ${VERSION} with Maven`, 'about 20 s', () =>
        installInto(mvn, folder),
      );
    }
    return folder;
  });
}
