import type { ChildProcess } from "node:child_process";

/** What a guest prints, line by line, and what it is told. */
export class Console {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #ended: Promise<string>;
  #rest = "";
  #read = 0;
  #hasEnded = false;
  #wake: () => void = () => {};

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdin?.on("error", () => {}); // a guest that has powered off reads no more
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (it) => this.#take(it));
    this.#ended = new Promise((resolve) => {
      child.on("error", ({ message }) => this.#take(`${message}\n`)); // it cannot be run: an end like others
      child.on("close", () => {
        this.#take("\n");
        this.#hasEnded = true;
        this.#wake();
        resolve(this.text);
      });
    });
  }

  /** All so far. */
  get text(): string {
    return this.#lines.join("\n");
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Resolves with {@link text} when the guest is gone. */
  get ended(): Promise<string> {
    return this.#ended;
  }

  send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Sends a line and waits for one that ends the answer. */
  async ask(line: string, end: RegExp): Promise<{ readonly output: string; readonly mark: string }> {
    this.send(line);
    const output: string[] = [];
    for (;;) {
      const next = await this.next();
      if (next === undefined)
        throw new Error(`guest: it ended before it answered to ${line}: ${this.text.slice(-2000)}`);
      if (end.test(next)) return { output: output.join("\n").trim(), mark: next };
      output.push(next);
    }
  }

  /** Reads until a line, or the end. */
  async reach(line: string): Promise<void> {
    let next: string | undefined;
    do next = await this.next();
    while (next !== undefined && next !== line);
  }

  /** The next line that nobody has read; `undefined` at the end. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const line = this.#lines[this.#read];
      if (line !== undefined) {
        this.#read++;
        return line;
      }
      if (this.#hasEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(text: string): void {
    const parts = (this.#rest + text.replaceAll("\r", "")).split("\n");
    this.#rest = parts.pop() ?? "";
    this.#lines.push(...parts);
    this.#wake();
  }
}
