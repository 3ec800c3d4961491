import { sinkOf, tablesOfTopics } from '../engine/planning/prepare-topics.ts';
import { CHANGE_LANE } from '../engine/planning/changes-of-transfer.ts';
import { relayToTopics } from '../engine/topics/relay-to-topics.ts';
import { capturePlaceOf, claimLimitsOf, retentionMsOf } from '../model/capture-spec.ts';
import { DEFAULTS, durationMs } from '../model/transfer-spec.ts';
import { captureOfSource } from './capture-of-source.ts';
import type { ActivityDeps, RelayRequest, TopicsRelayResult } from './contract.ts';
import { governed } from './governed.ts';
import type { ProgressLines } from './progress-lines.ts';

const NOTHING: TopicsRelayResult = { why: 'stopped', refusal: null, claims: 0, events: 0, bytes: 0 };

/** Moves captured changes into topics of the hub, in slices; see engine/topics/relay-to-topics.ts. */
export const createRelayToTopics =
  (deps: ActivityDeps, lines: ProgressLines) =>
  ({ transfer, source: name, hub: hubName, drain }: RelayRequest): Promise<TopicsRelayResult> =>
    governed<TopicsRelayResult>(
      { log: deps.log, budgetMs: deps.sliceBudgetMs, partial: () => NOTHING },
      (control) =>
        deps.connections.useDatabase(name, async (source) => {
          const spec = deps.config.transfer(transfer);
          const place = capturePlaceOf(deps.config.captures[name]);
          const tables = await tablesOfTopics({ source, place }, spec, control.stop);
          const request = {
            transfer,
            lane: CHANGE_LANE,
            tables,
            topics: spec.topics ?? {},
            retentionMs: retentionMsOf(deps.config.captures[name]),
            until: drain ? ('caught-up' as const) : undefined,
            limits: claimLimitsOf(spec),
          };
          const intervalMs = durationMs(spec.reportingInterval ?? DEFAULTS.reportingInterval);
          const line = { transfer, side: 'source', intervalMs, observer: deps.observer(transfer) } as const;
          return lines.during(line, (observer) =>
            deps.connections.useHub(hubName, (hub) =>
              relayToTopics(
                { source: captureOfSource(deps, source, name), sink: sinkOf(hub), observer },
                request,
                control,
              ),
            ),
          );
        }),
    );
