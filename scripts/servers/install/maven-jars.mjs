import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { announceWhile } from '../announce.mjs';
import { withLock } from '../process/lock.mjs';
import { runProgram } from '../process/run-program.mjs';
import { cacheFolder, onPath } from './find-program.mjs';

/**
 * @typedef {object} Jars
 * @property {string} name of the folder in our cache, with the version
 * @property {string} title what people call it
 * @property {readonly string[]} artifacts `group:artifact:version`
 * @property {string} newest the jar that is there when all are
 * @property {string} byHand what to do where they cannot be had
 */

/** @param {Jars} jars */
const renderPom = ({ name, artifacts }) => {
  const dependencies = artifacts.map((each) => {
    const [group, artifact, version] = each.split(':');
    return `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sluice</groupId><artifactId>${name}</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
${dependencies.join('\n')}
  </dependencies>
</project>
`;
};

/** @param {string} mvn @param {string} folder @param {Jars} jars */
async function installInto(mvn, folder, jars) {
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  await writeFile(join(part, 'pom.xml'), renderPom(jars));
  const libs = join(part, 'libs');
  await runProgram(mvn, ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${libs}`], {
    cwd: part,
  });
  await rename(libs, folder);
  await rm(part, { recursive: true, force: true });
}

/**
 * Jars of a Java program with all that they need, from our cache or by Maven.
 *
 * @param {Jars} jars
 * @returns {Promise<string>} the folder that holds them
 * @throws Error that says how to get Java and Maven
 */
export async function provideJars(jars) {
  const folder = join(cacheFolder(), jars.name);
  const isComplete = () => existsSync(folder) && readdirSync(folder).includes(jars.newest);
  if (!onPath('java')) throw new Error(jars.byHand);
  if (isComplete()) return folder;
  const mvn = onPath('mvn');
  if (!mvn) throw new Error(jars.byHand);
  return withLock(`${folder}.lock`, `installing ${jars.title}`, async () => {
    if (!isComplete()) {
      await announceWhile(`getting ${jars.title} with Maven`, 'about 20 s', () =>
        installInto(mvn, folder, jars),
      );
    }
    return folder;
  });
}
