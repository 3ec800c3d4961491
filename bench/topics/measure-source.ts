import { loadNow } from '../measure/machine.ts';
import type { Measurement } from '../measure/measurement.ts';
import { treeCpuSeconds } from '../measure/process-tree.ts';
import { followLoad } from './follow-load.ts';
import { measureLatency } from './measure-latency.ts';
import { drain, type RelayRequest, startRelay } from './relay.ts';
import { type Session, TABLE, type TopicSource } from './source.ts';
import { makeTopic, openArrivals, storedIn } from './topic.ts';

const PARTITIONS = 4;

export const CASES = ['drain', 'live', 'latency'] as const;
export type TopicCase = (typeof CASES)[number];

export interface TopicSizes {
  readonly cases: readonly TopicCase[];
  readonly runs: number;
  /** Of a filled staging table. */
  readonly events: number;
  /** Of the load while it is followed. */
  readonly live: number;
  readonly rate: number;
  readonly seconds: number;
}

type Measured = Omit<Measurement, 'case' | 'run' | 'load' | 'tableBytes'>;

async function measureDrain(source: TopicSource, request: RelayRequest, events: number): Promise<Measured> {
  const fillSeconds = await source.change(events);
  const before = await storedIn(request.topic);
  const drained = await drain(request);
  const stored = (await storedIn(request.topic)) - before;
  const ok = drained.events === events && stored >= events;
  const { seconds, cpuSeconds, peakBytes, claims } = drained;
  return {
    ok,
    rows: drained.events,
    seconds,
    cpuSeconds,
    peakBytes,
    extra: { fillSeconds, claims },
    ...(ok ? {} : { error: `${drained.events} events were moved of ${events}, ${stored} are stored` }),
  };
}

/** Changes rows while they are relayed. */
async function measureLive(
  source: TopicSource,
  request: RelayRequest,
  { live, aloneSeconds }: { readonly live: number; readonly aloneSeconds: number },
): Promise<Measured> {
  const relay = await startRelay(request);
  const arrivals = await openArrivals(request.topic);
  try {
    const cpuBefore = treeCpuSeconds(relay.pid);
    const { extra, ...followed } = await followLoad(arrivals, live, () => source.change(live));
    const cpuSeconds = treeCpuSeconds(relay.pid) - cpuBefore;
    return {
      ok: followed.rows === live,
      ...followed,
      cpuSeconds,
      peakBytes: 0,
      extra: { ...extra, aloneSeconds },
    };
  } finally {
    await arrivals.close();
    await relay.stop();
  }
}

async function measureTimes(
  session: () => Promise<Session>,
  request: RelayRequest,
  { rate, seconds }: TopicSizes,
): Promise<Measured> {
  const relay = await startRelay(request);
  try {
    const cpuBefore = treeCpuSeconds(relay.pid);
    const { events, ...extra } = await measureLatency({ topic: request.topic, session, rate, seconds });
    const cpuSeconds = treeCpuSeconds(relay.pid) - cpuBefore;
    return { ok: true, rows: events, seconds, cpuSeconds, peakBytes: 0, extra: { ...extra, rate } };
  } finally {
    await relay.stop();
  }
}

/** All cases of one source, each run of each as it ends. */
export async function* measureSource(source: TopicSource, sizes: TopicSizes): AsyncGenerator<Measurement> {
  const { cases, runs } = sizes;
  const topic = `bench-${source.name}-${process.pid}`;
  const request = { url: source.url, table: TABLE, topic };
  const aloneSeconds = cases.includes('live') ? await source.change(sizes.live) : Number.NaN;
  await makeTopic(topic, PARTITIONS);
  await drain(request); // makes the triggers
  const measured = async (
    name: TopicCase,
    run: number,
    measure: () => Promise<Measured>,
  ): Promise<Measurement> => {
    const before = loadNow();
    const result = await measure();
    return {
      case: `topics/${source.name}/${name}`,
      run,
      ...result,
      load: [before, loadNow()],
      tableBytes: 0,
    };
  };
  for (let run = 1; run <= runs && cases.includes('drain'); run += 1)
    yield await measured('drain', run, () => measureDrain(source, request, sizes.events));
  const { live } = sizes;
  if (cases.includes('live'))
    yield await measured('live', 1, () => measureLive(source, request, { live, aloneSeconds }));
  const { session } = source;
  if (cases.includes('latency') && session)
    yield await measured('latency', 1, () => measureTimes(session, request, sizes));
}
