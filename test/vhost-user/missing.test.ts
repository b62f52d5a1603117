import { expect, test, vi } from "vitest";
import { UnsupportedError } from "../../src/errors.ts";
import { VhostUserServer } from "../../src/vhost-user/index.ts";

vi.mock("koffi", () => {
  throw new Error("Cannot find package 'koffi'");
});

test("without koffi, a server says what to install", async () => {
  const listening = VhostUserServer.listen(() => ({ receive: () => {}, close: () => {} }), "/tmp/never.sock");
  await expect(listening).rejects.toThrow(UnsupportedError);
  await expect(listening).rejects.toThrow(/npm install koffi/);
});
