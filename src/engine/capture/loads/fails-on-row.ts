import { SluiceError } from '../../../model/sluice-error.ts';
import { type TableName, tableId } from '../../../model/table-name.ts';

/** SQL of a user, which the database ran on a row of a load. @param what  as `a condition` */
export const failsOnRow = (what: string, table: TableName, vendorCode: string): SluiceError =>
  new SluiceError('capture.table_unsupported', `${what} of ${tableId(table)} fails on one of its rows`, {
    table: tableId(table),
    vendorCode,
    suggestion: 'write one that fails on no row',
  });
