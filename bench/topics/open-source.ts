import { createHash } from 'node:crypto';
import type { TopicsRelayRequest } from '../../src/engine/topics/relay-to-topics.ts';
import { type DeployedCapture, deployCapture } from '../capture/deploy-capture.ts';

export interface CapturedSource extends Pick<DeployedCapture, 'database' | 'capture'> {
  readonly request: Omit<TopicsRelayRequest, 'until'>;
}

const never = new AbortController().signal;

/** A database with triggers on one table, and a lane of its changes that go to a topic. */
export async function openCapturedSource(url: string, table: string, topic: string): Promise<CapturedSource> {
  const { database, capture, tables } = await deployCapture(url, { [table]: {} });
  // Another database counts its claims anew: its lane is another one at the hub, too.
  const incarnation = await capture.triggers.incarnation(never);
  const transfer = `bench-${createHash('sha256').update(incarnation).digest('hex').slice(0, 12)}`;
  await capture.changes.register(transfer, [{ lane: 1, tables }], never);
  return { database, capture, request: { transfer, lane: 1, tables, topics: { name: topic } } };
}
