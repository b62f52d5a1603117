// One back end in a process of its own: node vhost-back-end.mjs echo|worker|main SOCKET BOARD. Says "ready", and ends with its stdin.
import { readFileSync } from "node:fs";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { parse } from "yaml";

const dist = (name) => import(new URL(`../../dist/src/${name}.js`, import.meta.url));
const { Core, realClock } = await dist("index");
const { parseBoard } = await dist("board/index");
const { Platform } = await dist("platform/index");

const [kind, path, file] = isMainThread ? process.argv.slice(2) : workerData;
const board = parseBoard(parse(readFileSync(file, "utf8")), { file });

async function open(clock) {
  const core = await Core.open({ capacity: Platform.capacityFor(board, { sharesMemory: false, connections: 8 }) });
  return Platform.open(core, board, { sharesMemory: false, clock });
}

if (!isMainThread) {
  const { serveEcho } = await import("./vhost-echo.mjs");
  const { parentPort } = await import("node:worker_threads");
  await serveEcho(path, open, () => parentPort.postMessage("ready"));
} else if (kind === "echo") {
  const worker = new Worker(new URL(import.meta.url), { workerData: [kind, path, file] });
  await new Promise((resolve) => worker.once("message", resolve));
} else if (kind === "worker") {
  const { VhostUserWorker } = await dist("vhost-user/worker.node");
  await VhostUserWorker.listen({ board }, path);
} else {
  const { VhostUserServer } = await dist("vhost-user/index");
  const platform = await open(realClock);
  await VhostUserServer.listen((sink) => platform.connectMessages(1, sink), path);
}
console.log("ready");
process.stdin.on("end", () => process.kill(process.pid, "SIGKILL")).resume();
