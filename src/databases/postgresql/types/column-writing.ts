import type { ColumnWriting } from '../../../engine/ports/type-map.ts';
import type { Limits } from '../../../model/limits.ts';

/** A column that takes every value, by the loader itself. */
export const exactly = (render: string, note: string | null = null): ColumnWriting => ({
  load: null,
  render,
  exact: true,
  note,
});
/** One that refuses or changes some. */
export const roughly = (render: string, note: string, limits?: Limits): ColumnWriting => ({
  load: null,
  render,
  exact: false,
  note,
  ...(limits && { limits }),
});

/** One of whose values two may become one. */
export const merging = (render: string, note: string, limits?: Limits): ColumnWriting => ({
  ...roughly(render, note, limits),
  merges: true,
});
