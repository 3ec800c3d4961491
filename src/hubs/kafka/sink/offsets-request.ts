import { createWriter } from '../wire/bytes.ts';
import { protocolError } from '../wire/driver.ts';
import { type DriverRequest, request } from '../wire/requests.ts';
import type { CommittedOffset } from './coordinators.ts';

/** The first version that waits for transactions which are not over: what is pending is told as an error. */
const OFFSET_FETCH = { apiKey: 9, apiVersion: 7, apiName: 'OffsetFetch' } as const;
const ALL_PARTITIONS = 0;
const STABLE = 1;

/** All committed offsets of a group. Of a group that is not known: none. */
export function offsetsRequest(group: string): DriverRequest<readonly CommittedOffset[]> {
  const body = createWriter().text(group).uvarint(ALL_PARTITIONS).int8(STABLE).end();
  return request(OFFSET_FETCH, body.done(), (reader) => {
    reader.int32();
    const errors: number[] = [];
    const topics = reader.array(() => {
      reader.text();
      const partitions = reader.array(() => {
        reader.int32();
        const offset = reader.int64();
        reader.int32();
        const metadata = reader.text() ?? '';
        errors.push(reader.int16());
        reader.end();
        return { offset, metadata };
      });
      reader.end();
      return partitions;
    });
    errors.push(reader.int16());
    const failed = errors.find((code) => code !== 0);
    if (failed !== undefined) throw protocolError(failed);
    return topics.flat().filter(({ offset }) => offset >= 0);
  });
}
