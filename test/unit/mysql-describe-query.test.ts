import { expect, test } from 'vitest';
import { typeTextOf } from '../../src/databases/mysql/describe-query.ts';

const UTF8 = 45;
const BINARY = 63;

/** What servers tell of a column of an answer in the protocol, and how their catalogs print the same type. */
test.each([
  ['tinyint(1)', { type: 1, length: 1 }],
  ['bigint(20) unsigned', { type: 8, length: 20, flags: 32 }],
  ['int(8) unsigned zerofill', { type: 3, length: 8, flags: 32 | 64 }],
  ['decimal(12,2)', { type: 246, length: 14, decimals: 2 }],
  ['decimal(10,0) unsigned', { type: 246, length: 10, flags: 32 }],
  ['double', { type: 5, length: 22, decimals: 31 }],
  ['varchar(20)', { type: 253, length: 80 }],
  ['char(5)', { type: 254, length: 20 }],
  ['varchar(6)', { type: 254, length: 24, flags: 256 }],
  ['varbinary(5)', { type: 253, length: 5, charset: BINARY }],
  ['binary(16)', { type: 254, length: 16, charset: BINARY }],
  ['text', { type: 252, length: 262_140 }],
  ['longtext', { type: 252, length: 4_294_967_295 }],
  ['longtext', { type: 253, length: 400_000_000 }],
  ['mediumblob', { type: 252, length: 16_777_215, charset: BINARY }],
  ['datetime(6)', { type: 12, length: 26, decimals: 6 }],
  ['timestamp', { type: 7, length: 19 }],
  ['time(2)', { type: 11, length: 13, decimals: 2 }],
  ['bit(12)', { type: 16, length: 12 }],
  ['json', { type: 245, length: 4_294_967_295 }],
  ['uuid', { type: 254, length: 144, extended: 'uuid' }],
  ['null', { type: 6, length: 0 }],
])('%s', (text, told) => {
  const field = { name: 'a', charset: UTF8, flags: 0, decimals: 0, extended: null, ...told };
  expect(typeTextOf(field)).toBe(text);
});
