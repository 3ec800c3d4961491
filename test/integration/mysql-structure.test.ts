import { expect, test } from 'vitest';
import { mariadbPlace } from '../support/mariadb-harness.ts';
import { planStructures } from '../support/copy-structure.ts';
import { describeWith } from '../support/servers.ts';
import { never } from '../contract/test-tables.ts';

describeWith(['mysql'], 'structures of MySQL, whose catalog escapes expressions', () => {
  test('come to another MySQL as they are, quotes and backslashes in them included', async () => {
    const [from, to] = await Promise.all([mariadbPlace('mysql'), mariadbPlace('mysql')]);
    try {
      await from.execute(`CREATE TABLE t (id int PRIMARY KEY, a varchar(20) DEFAULT (UPPER('q''x')), n int DEFAULT 7, s varchar(20) DEFAULT 'it\\'s',
        b varchar(60) GENERATED ALWAYS AS (CONCAT(a, 'it''s \\\\ x')) STORED, at timestamp(3) NULL DEFAULT CURRENT_TIMESTAMP(3),
        CHECK (a <> 'o''x'), KEY made ((CONCAT(a, 'k''k'))))`);
      const ends = { source: await from.open(), target: await to.open() };
      const { leftOut } = await planStructures(ends);
      expect(leftOut).toEqual([]);
      const describe = async (end: 'source' | 'target', schema: string) => {
        const [table] = await ends[end].introspector.describeTables([{ schema, name: 't' }], never());
        return table!;
      };
      const [source, target] = [await describe('source', from.name), await describe('target', to.name)];
      const made = ({ columns }: typeof source) =>
        columns
          .map((column) => [
            column.name,
            column.generated,
            column.default?.replace('CURRENT_TIMESTAMP(', 'now('),
          ])
          .toSorted(([one = ''], [other = '']) => String(one).localeCompare(String(other)));
      expect(made(target)).toEqual(made(source));
      expect(source.columns.find(({ name }) => name === 'b')?.generated).toBe(
        "concat(`a`,_utf8mb4'it\\'s \\\\ x')",
      );
      expect(source.checks.map(({ definition }) => definition)).toEqual(["CHECK ((`a` <> _utf8mb4'o\\'x'))"]);
      await to.execute('INSERT INTO t (id) VALUES (1)');
      expect(await to.query('SELECT a, n, s, b, at IS NOT NULL FROM t')).toEqual([
        ["Q'X", '7', "it's", "Q'Xit's \\ x", '1'],
      ]);
    } finally {
      await Promise.all([from.drop(), to.drop()]);
    }
  });
});
