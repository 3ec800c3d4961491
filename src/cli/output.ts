/** Formats of -o. */
export const OUTPUT_FORMATS = ['text', 'json', 'jsonl'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What a command answers: the same thing for programs and for people. */
export interface Outcome {
  /** For -o json; a list is one line an item under jsonl. */
  readonly value: unknown;
  /** For -o text, without the last line end; empty: nothing is printed. */
  readonly text: string;
}

/** A place that text is written to: `process.stdout`, or a collector in tests. */
export interface Sink {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/**
 * The one place that writes to standard output. Standard output holds answers only; notes, progress and errors go to
 * standard error, so that `-o json` can always be piped.
 */
export interface Output {
  readonly format: OutputFormat;
  readonly color: boolean;
  /** True where a line may be written over. */
  readonly live: boolean;
  answer(outcome: Outcome): void;
  /** A line for people; nothing under json and jsonl. */
  note(line: string): void;
  /** Replaces what was shown by the last call, where the terminal can; elsewhere nothing. */
  progress(text: string): void;
  error(text: string): void;
}

export interface OutputOptions {
  readonly format: OutputFormat;
  readonly color: boolean;
  readonly out: Sink;
  readonly err: Sink;
}

const bigintAsText = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

function render(format: OutputFormat, { value, text }: Outcome): string {
  if (format === 'text') return text === '' ? '' : `${text}\n`;
  if (format === 'json') return `${JSON.stringify(value, bigintAsText, 2)}\n`;
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.map((item) => `${JSON.stringify(item, bigintAsText)}\n`).join('');
}

export function createOutput({ format, color, out, err }: OutputOptions): Output {
  const live = format === 'text' && err.isTTY === true;
  let shownLines = 0;
  const clear = (): void => {
    if (shownLines > 0) err.write(`\u001B[${shownLines}A\u001B[J`);
    shownLines = 0;
  };
  return {
    format,
    color,
    live,
    answer: (outcome) => {
      clear();
      out.write(render(format, outcome));
    },
    note: (line) => {
      if (format !== 'text') return;
      clear();
      err.write(`${line}\n`);
    },
    progress: (text) => {
      if (!live) return;
      clear();
      err.write(`${text}\n`);
      shownLines = text.split('\n').length;
    },
    error: (text) => {
      clear();
      err.write(`${text}\n`);
    },
  };
}
