/** Where progress is shown. */
interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One line that is written over and over, on a terminal; nothing elsewhere. */
export function progressLine(terminal: Terminal): { show(text: string): void; clear(): void } {
  const isShown = terminal.isTTY === true;
  const width = (terminal.columns ?? 80) - 1;
  return {
    show: (text) => void (isShown && terminal.write(`\r\u001b[2K${text.slice(0, width)}`)),
    clear: () => void (isShown && terminal.write("\r\u001b[2K")),
  };
}
