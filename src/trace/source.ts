import type { TraceEvent } from "./event.ts";

/** Where a parser of lines delivers what it understood, and what not. */
export interface EventSink {
  event(event: TraceEvent): void;
  /** The line at hand is damaged. */
  skip(reason: string): void;
}

/** Makes events of lines, one after the other. */
export interface LineParser {
  line(text: string, sink: EventSink): void;
  /** No more lines come. */
  end(sink: EventSink): void;
}
