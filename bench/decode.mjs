// What does decoding a trace cost over merely cutting it into lines?
import { parseArgs } from "node:util";
import { TraceReader } from "../dist/src/trace/index.js";
import { writeTrace } from "./trace-text.mjs";

const { values } = parseArgs({
  options: { tiny: { type: "boolean" }, json: { type: "boolean" }, lines: { type: "string" } },
});
const lineCount = Number(values.lines ?? (values.tiny ? 6000 : 1_000_000));
/** Of the issue: a million lines within these. */
const MOST_SECONDS = 5;
const MOST_BYTES = 300e6;

/** Feeds the same text to a consumer piece by piece, without keeping it; only the consumer is timed. */
function timed(consume) {
  const encoder = new TextEncoder();
  let ms = 0;
  let bytes = 0;
  const lines = writeTrace(lineCount, (text) => {
    const piece = encoder.encode(text);
    bytes += piece.byteLength;
    const start = performance.now();
    consume(piece);
    ms += performance.now() - start;
  });
  return { ms, lines, bytes };
}

let sink = 0;
const decoder = new TextDecoder();
let rest = "";
const cut = timed((piece) => {
  const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
  rest = lines.pop() ?? "";
  sink ^= lines.length;
});

let messages = 0;
const reader = new TraceReader({
  onDecoded: () => {
    messages++;
  },
});
const decoded = timed((piece) => reader.push(piece));
reader.endInput();
const summary = reader.summary();
const expected = summary.counts.command + summary.counts.response;
if (messages === 0 || messages !== expected || summary.skipped.count !== 0) {
  throw new Error(
    `decode: expected ${expected} messages and nothing skipped, got ${messages}, ${summary.skipped.count}`,
  );
}

const maxRssBytes = process.resourceUsage().maxRSS * 1024;
const result = {
  lines: decoded.lines,
  bytes: decoded.bytes,
  cutMs: Math.round(cut.ms),
  decodeMs: Math.round(decoded.ms),
  nsPerLine: Math.round((decoded.ms * 1e6) / decoded.lines),
  maxRssBytes,
};
if (values.json) console.log(JSON.stringify(result));
else {
  console.log(`${result.lines} lines, ${(result.bytes / 1e6).toFixed(1)} MB`);
  console.log(`cutting into lines  ${result.cutMs} ms`);
  console.log(
    `decoding            ${result.decodeMs} ms, ${result.nsPerLine} ns a line, ${(maxRssBytes / 1e6).toFixed(0)} MB at most (sink ${sink})`,
  );
}
if (lineCount >= 1e6 && (result.decodeMs > MOST_SECONDS * 1000 || maxRssBytes > MOST_BYTES)) {
  console.error(`decode: expected at most ${MOST_SECONDS} s and ${MOST_BYTES / 1e6} MB for a million lines`);
  process.exitCode = 1;
}
