/** What a progress bar is drawn on. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const WIDEST = 40;

/** A line on a terminal that shows how far something is; nothing anywhere else. */
export class ProgressBar {
  readonly #screen: Screen;
  readonly #label: string;
  #shown = "";

  constructor(screen: Screen, label: string) {
    this.#screen = screen;
    this.#label = label;
  }

  /** @param share 0 … 1 */
  show(share: number): void {
    if (!this.#screen.isTTY) return;
    const percent = `${Math.floor(share * 100)}`.padStart(3);
    // 0, where a terminal does not tell
    const room = (this.#screen.columns || 80) - this.#label.length - 10;
    const width = Math.max(0, Math.min(WIDEST, room));
    const done = Math.round(share * width);
    const line = `${this.#label} ${"█".repeat(done)}${"░".repeat(width - done)} ${percent} %`;
    if (line === this.#shown) return;
    this.#shown = line;
    this.#screen.write(`\r${line}`);
  }

  /** Takes the line away. */
  close(): void {
    if (this.#shown === "") return;
    this.#shown = "";
    this.#screen.write("\r\u001b[K");
  }
}
