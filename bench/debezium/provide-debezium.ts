import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { announceWhile } from '../../scripts/servers/announce.mjs';
import { cacheFolder, onPath } from '../../scripts/servers/install/find-program.mjs';
import { withLock } from '../../scripts/servers/process/lock.mjs';
import { runProgram } from '../../scripts/servers/process/run-program.mjs';

export const DEBEZIUM_VERSION = '3.6.1.Final';
const SLF4J_VERSION = '1.7.36';
const MAIN = fileURLToPath(new URL('../peers/debezium/Main.java', import.meta.url));

const dependency = (group: string, name: string, version: string): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sluice</groupId><artifactId>debezium-bench</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${['api', 'embedded', 'connector-postgres'].map((part) => dependency('io.debezium', `debezium-${part}`, DEBEZIUM_VERSION)).join('\n    ')}
    ${dependency('org.slf4j', 'slf4j-simple', SLF4J_VERSION)}
  </dependencies>
</project>
`;

async function installInto(mvn: string, javac: string, folder: string): Promise<void> {
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  await writeFile(join(part, 'pom.xml'), POM);
  const libs = join(part, 'libs');
  const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${libs}`, '-DincludeScope=runtime'];
  await runProgram(mvn, ['-q', '-B', ...copy], { cwd: part });
  await runProgram(javac, ['-cp', join(libs, '*'), '-d', join(part, 'classes'), MAIN]);
  await rename(part, folder);
}

/**
 * Debezium's embedded engine with the program that runs it, from our cache or by Maven.
 * @returns its class path
 * @throws Error where it cannot be had
 */
export async function provideDebezium(): Promise<string> {
  const folder = join(cacheFolder(), `debezium-${DEBEZIUM_VERSION}`);
  const classPath = [join(folder, 'classes'), join(folder, 'libs', '*')].join(delimiter);
  if (existsSync(folder)) return classPath;
  const [mvn, javac] = [onPath('mvn'), onPath('javac')];
  if (!mvn || !javac) throw new Error('Debezium is a Java program: install a JDK 17 and Maven');
  await withLock(`${folder}.lock`, 'installing Debezium', async () => {
    if (existsSync(folder)) return;
    await announceWhile(`getting Debezium ${DEBEZIUM_VERSION} with Maven`, 'about 30 s', () =>
      installInto(mvn, javac, folder),
    );
  });
  return classPath;
}
