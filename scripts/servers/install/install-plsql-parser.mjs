import { provideJars } from './maven-jars.mjs';

const VERSION = '7.17.0';

/**
 * PMD's parser of PL/SQL, by which a test reads the triggers and packages that go to Oracle (test/support/oracle/PlsqlCheck.java).
 *
 * @returns {Promise<string>} the folder that holds its jars
 */
export const providePlsqlParser = () =>
  provideJars({
    name: `pmd-plsql-${VERSION}`,
    title: `PMD ${VERSION} for PL/SQL`,
    artifacts: [
      `net.sourceforge.pmd:pmd-plsql:${VERSION}`,
      `net.sourceforge.pmd:pmd-core:${VERSION}`,
      'org.slf4j:slf4j-nop:2.0.17',
    ],
    newest: `pmd-plsql-${VERSION}.jar`,
    byHand:
      'PMD is a Java program: install a JDK 17 and Maven (Debian: apt-get install openjdk-17-jdk-headless maven)',
  });
