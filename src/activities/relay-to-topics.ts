import { Context } from '@temporalio/activity';
import { relayLanes } from '../engine/lanes/relay-lanes.ts';
import type { Observer } from '../engine/observer.ts';
import { sinkOf, tablesOfTopics } from '../engine/planning/prepare-topics.ts';
import { retryPolicyOf } from '../engine/quarantine/retry-policy.ts';
import { relayToTopics } from '../engine/topics/relay-to-topics.ts';
import { capturePlaceOf, claimLimitsOf, retentionMsOf } from '../model/capture-spec.ts';
import { withClaimSettings } from '../model/transfer-settings.ts';
import { DEFAULTS, durationMs } from '../model/transfer-spec.ts';
import { captureOfSource } from './capture-of-source.ts';
import type { ActivityDeps, RelayRequest, RelayResult } from './contract.ts';
import { governed } from './governed.ts';
import type { ProgressLines } from './progress-lines.ts';
import { movedBy } from './relayed-now.ts';

const counting = (observer: Observer, count: (events: number, bytes: number) => void): Observer => ({
  ...observer,
  published: (table, rows, bytes) => {
    count(rows, bytes);
    observer.published(table, rows, bytes);
  },
});

/** Moves lanes of captured changes into topics of the hub, in slices; see engine/topics/relay-to-topics.ts. */
export const createRelayToTopics =
  (deps: ActivityDeps, lines: ProgressLines) =>
  ({
    transfer,
    source: name,
    hub: hubName,
    settings,
    drain,
    lanes = [1],
    anew = [],
  }: RelayRequest): Promise<RelayResult> =>
    governed<RelayResult>(
      { log: deps.log, budgetMs: deps.sliceBudgetMs, partial: () => ({ lanes: [] }) },
      (control) =>
        deps.connections.useDatabase(name, async (source) => {
          const spec = deps.config.transfer(transfer);
          const place = capturePlaceOf(deps.config.captures[name]);
          const byLane = await tablesOfTopics({ source, place }, { transfer, spec }, control.stop);
          const request = {
            transfer,
            topics: spec.topics ?? {},
            retentionMs: retentionMsOf(deps.config.captures[name]),
            until: drain ? ('caught-up' as const) : undefined,
            limits: claimLimitsOf(withClaimSettings(spec, settings)),
            quarantine: retryPolicyOf(spec) ?? undefined,
          };
          const intervalMs = durationMs(spec.reportingInterval ?? DEFAULTS.reportingInterval);
          const line = { transfer, side: 'source', intervalMs, observer: deps.observer(transfer) } as const;
          const capture = captureOfSource(deps, source, name);
          return lines.during(line, (observer) =>
            deps.connections.useHub(hubName, (hub) =>
              relayLanes(
                lanes,
                control,
                async (lane, ofLane, count) => {
                  const ends = { source: capture, sink: sinkOf(hub), observer: counting(observer, count) };
                  const tables = byLane.get(lane) ?? [];
                  const { why, events, bytes, refusal } = await relayToTopics(
                    ends,
                    { ...request, lane, tables, anew: anew.includes(lane) },
                    ofLane,
                  );
                  return { ended: why === 'caught-up', events, bytes, refusal };
                },
                movedBy(Context.current().info.heartbeatDetails),
              ),
            ),
          );
        }),
    );
