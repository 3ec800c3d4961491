import type { SluiceError } from '../../model/sluice-error.ts';

/** What keeps publishers waiting at this moment, by stream or topic. */
export interface Troubles {
  note(stream: string, error: SluiceError): void;
  clear(stream: string): void;
  /** A warning each; see Hub.warnings. */
  list(): readonly string[];
}

/** `product` says whose the vendor's codes are. */
export function createTroubles(product: string): Troubles {
  const current = new Map<string, { readonly since: Date; readonly error: SluiceError }>();
  return {
    note: (stream, error) => current.set(stream, { since: current.get(stream)?.since ?? new Date(), error }),
    clear: (stream) => current.delete(stream),
    list: () =>
      [...current.values()].map(({ since, error }) => {
        const code = error.details.vendorCode;
        const vendor = code === undefined ? '' : `, ${product} ${code}`;
        return `publishing waits since ${since.toISOString()}: ${error.message} [${error.code}${vendor}]`;
      }),
  };
}
