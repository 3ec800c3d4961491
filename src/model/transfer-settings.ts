import { type Static, Type } from '@sinclair/typebox';
import { CLAIM_BYTES, CLAIM_EVENTS, DEFAULTS, type TransferSpec } from './transfer-spec.ts';

const closed = { additionalProperties: false } as const;

/** What a person may change while the transfer runs; starts from the spec, travels with each slice. */
export const TransferSettings = Type.Object(
  {
    readers: Type.Integer({ minimum: 1, maximum: 40 }),
    writers: Type.Integer({ minimum: 1, maximum: 40 }),
    blockBytes: Type.Integer({ minimum: 1024, maximum: 67_108_864 }),
    ratePerSecond: Type.Integer({ minimum: 0 }),
    bytesPerSecond: Type.Optional(Type.Integer({ minimum: 0 })),
    relays: Type.Optional(Type.Integer({ minimum: 1, maximum: 40 })),
    claimEvents: Type.Optional(Type.Integer(CLAIM_EVENTS)),
    claimBytes: Type.Optional(Type.Integer(CLAIM_BYTES)),
  },
  closed,
);
export type TransferSettings = Static<typeof TransferSettings>;

export const settingsOf = (spec: TransferSpec): TransferSettings => ({
  readers: spec.read?.readers ?? DEFAULTS.readers,
  writers: spec.write?.writers ?? DEFAULTS.writers,
  blockBytes: spec.read?.blockBytes ?? DEFAULTS.blockBytes,
  ratePerSecond: spec.limits?.ratePerSecond ?? 0,
  bytesPerSecond: spec.limits?.bytesPerSecond ?? 0,
  ...(spec.mode !== undefined &&
    spec.mode !== 'snapshot' && {
      relays: spec.changes?.relays ?? DEFAULTS.relays,
      claimEvents: spec.changes?.claimEvents ?? DEFAULTS.claimEvents,
      claimBytes: spec.changes?.claimBytes ?? DEFAULTS.claimBytes,
    }),
});

/** The spec, with the size of claims that a person wants while the transfer runs. */
export const withClaimSettings = (
  spec: TransferSpec,
  { claimEvents, claimBytes }: Partial<TransferSettings>,
): TransferSpec => ({
  ...spec,
  changes: {
    ...spec.changes,
    ...(claimEvents !== undefined && { claimEvents }),
    ...(claimBytes !== undefined && { claimBytes }),
  },
});
