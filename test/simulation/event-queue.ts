interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Events by time; of equal time by the order of pushing. A binary heap. */
export function createQueue() {
  const heap: Event[] = [];
  let pushed = 0;
  const before = (a: number, b: number): boolean => {
    const [left, right] = [heap[a] as Event, heap[b] as Event];
    return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
  };
  const swap = (a: number, b: number): void => {
    const kept = heap[a] as Event;
    heap[a] = heap[b] as Event;
    heap[b] = kept;
  };
  return {
    push(atMs: number, run: () => void): void {
      pushed += 1;
      let at = heap.push({ atMs, order: pushed, run }) - 1;
      for (let above = (at - 1) >> 1; at > 0 && before(at, above); above = (at - 1) >> 1) {
        swap(at, above);
        at = above;
      }
    },
    pop(): Event | undefined {
      const [first] = heap;
      const last = heap.pop();
      if (!first || !last || heap.length === 0) return first;
      heap[0] = last;
      for (let at = 0; ; ) {
        let least = at;
        for (const below of [2 * at + 1, 2 * at + 2])
          if (below < heap.length && before(below, least)) least = below;
        if (least === at) return first;
        swap(at, least);
        at = least;
      }
    },
  };
}
