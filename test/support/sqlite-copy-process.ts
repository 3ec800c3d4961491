/**
 * A process that copies table `t` from one SQLite file to another, to be killed: `sqlite-copy-process.ts SOURCE TARGET MODE`.
 * Mode `stop-before-commit` says "written" once a batch's rows are in its transaction, and waits there for ever; mode
 * `copy` says "copied" at the end.
 */
import { sqlite } from '../../src/databases/sqlite/dialect.ts';
import { never, readBlocks, smallBlocks, wholeRange } from '../contract/test-tables.ts';
import { batchOf, copyLane, laneOf } from '../contract/test-transfer.ts';
import { prepareCopy } from './copy-table.ts';
import { SQLITE_OPTIONS } from './sqlite-harness.ts';

const [from = '', to = '', mode] = process.argv.slice(2);
const open = (path: string) => sqlite.open(sqlite.parseUrl(`sqlite:${path}`, {}), SQLITE_OPTIONS);
const [source, target] = await Promise.all([open(from), open(to)]);
const started = await prepareCopy({ source, target }, 't');

if (mode === 'stop-before-commit') {
  const { attempt, epoch } = await target.ledger.openLane(laneOf(started), never());
  const [block] = await readBlocks(
    source,
    { plan: started.plan, range: wholeRange },
    { ...smallBlocks, blockRows: 5_000 },
  );
  const batch = batchOf(started.plan, block!, { lane: laneOf(started), attempt, epoch, n: 1 });
  const transaction = await target.writer.begin(never());
  await transaction.advance(batch);
  await transaction.write(started.plan, batch);
  process.send!('written');
  setInterval(() => undefined, 1_000);
} else {
  process.send!('started');
  await copyLane({ source, target }, started, { blockRows: 100 });
  process.send!('copied');
  await Promise.all([source.close(), target.close()]);
  process.disconnect();
}
