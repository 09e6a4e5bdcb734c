// Text that comes in pieces, as lines. Commands that show how far they are write over the same line again and again: each is one here.

export interface LineReader {
  take(text: string): void;
  /** What is left is a line too. */
  end(): void;
}

/** Tells each line that is not empty. */
export function readLines(tell: (line: string) => void): LineReader {
  let rest = '';
  const say = (line: string) => {
    if (line.trim() !== '') tell(line.trimEnd());
  };
  return {
    take(text) {
      const lines = `${rest}${text}`.split(/[\r\n]/);
      rest = lines.pop() ?? '';
      for (const line of lines) say(line);
    },
    end() {
      say(rest);
      rest = '';
    },
  };
}
