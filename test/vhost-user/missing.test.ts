import { expect, test, vi } from "vitest";
import { UnsupportedError } from "../../src/errors.ts";
import { VhostUserServer } from "../../src/vhost-user/index.ts";
import { serveInThread, VhostUserWorker } from "../../src/vhost-user/worker.node.ts";
import { boardFile } from "../platform/kit.ts";

vi.mock("koffi", () => {
  throw new Error("Cannot find package 'koffi'");
});

test("without koffi, a server says what to install", async () => {
  const listening = VhostUserServer.listen(() => ({ receive: () => {}, close: () => {} }), "/tmp/never.sock");
  await expect(listening).rejects.toThrow(UnsupportedError);
  await expect(listening).rejects.toThrow(/npm install koffi/);
});

test("without koffi, a worker says what to install, and starts no thread", async () => {
  const listening = VhostUserWorker.listen({ board: boardFile("example") }, "/tmp/never.sock");
  await expect(listening).rejects.toThrow(UnsupportedError);
  await expect(listening).rejects.toThrow(/npm install koffi/);
});

test("what a thread runs, no other runs", async () => {
  await expect(serveInThread(() => ({ connect: () => ({ receive: () => {}, close: () => {} }) }))).rejects.toThrow(
    TypeError,
  );
});
