import { describe, expect, test } from "vitest";
import { failEveryCallOnce, type TransportCheck, transportChecks } from "../../src/compliance/index.ts";
import { ChannelError } from "../../src/errors.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { mailboxWorld, smcWorld } from "./shared-memory-worlds.ts";
import { virtioWorld } from "./virtio-world.ts";

describe("every call fails once", () => {
  test("over a mailbox with all of its channels, and those of a protocol", async () => {
    const layout = { mboxes: 4, areas: 2, ownProtocol: { mboxes: 3, areas: 2 } } as const;
    const failed = await failEveryCallOnce(mailboxWorld(layout));
    const count = (name: string) => failed.filter((it) => it === name).length;
    expect(count("shared memory.map")).toBe(4);
    expect(count("controller.request")).toBe(7);
    expect(count("line.send")).toBeGreaterThan(8); // discovery and exchanges
    expect([count("line.free"), count("mapping.unmap")]).toEqual([7, 4]);
  });

  test("over a mailbox that is polled", async () => {
    const failed = await failEveryCallOnce(mailboxWorld({ mboxes: 2, areas: 2, hasCompletionInterrupt: false }));
    expect(new Set(failed)).toEqual(
      new Set(["shared memory.map", "controller.request", "line.send", "line.free", "mapping.unmap"]),
    );
  });

  test.each(["return", "interrupt", "poll"] as const)("over SMC with completion by %s", async (completion) => {
    const failed = await failEveryCallOnce(smcWorld({ variant: "param", completion, hasOwnProtocol: true }));
    const interrupt = completion === "interrupt" ? ["interrupt.request", "interrupt.free"] : [];
    expect(new Set(failed)).toEqual(new Set(["shared memory.map", "conduit.call", "mapping.unmap", ...interrupt]));
  });

  test.each([{}, { hasIndirect: false, hasEventIndex: false }, { latencyMs: 2 }])("over virtio, %j", async (layout) => {
    const failed = await failEveryCallOnce(virtioWorld(layout));
    const count = (name: string) => failed.filter((it) => it === name).length;
    expect([count("device.open"), count("connection.negotiate"), count("connection.allocate")]).toEqual([1, 1, 1]);
    expect([count("connection.setQueue"), count("connection.start")]).toEqual([2, 1]);
    expect(count("connection.kick")).toBeGreaterThan(8); // discovery and exchanges
    expect([count("connection.reset"), count("buffer.release"), count("connection.close")]).toEqual([1, 1, 1]);
  });
});

/** A transport of the contract's own making, broken on purpose. */
function broken(change: (transport: Transport) => Transport) {
  const make = mailboxWorld({ mboxes: 2, areas: 2 });
  return (...[stage, injector]: Parameters<typeof make>) => {
    const world = make(stage, injector);
    return { ...world, transport: change(world.transport) };
  };
}

function check(name: RegExp): TransportCheck {
  const found = transportChecks.find((it) => name.test(it.name));
  if (!found) throw new RangeError(`no check like ${name}`);
  return found;
}

describe("the contract notices a transport that", () => {
  test("does not release when it is closed", async () => {
    const leaking = broken((transport) => ({
      ...transport,
      open: async (host, signal) => ({ ...(await transport.open(host, signal)), close: async () => {} }),
    }));
    await expect(check(/^opens, exchanges and closes/).run(leaking)).rejects.toThrow(/nothing left behind.*mailboxes/);
  });

  test("opens although it was aborted", async () => {
    const deaf = broken((transport) => ({ ...transport, open: (host) => transport.open(host) }));
    await expect(check(/aborted before it opened/).run(deaf)).rejects.toThrow(/reason of the abort/);
  });

  test("makes a new promise for each close", async () => {
    const chatty = broken((transport) => ({
      ...transport,
      open: async (host, signal) => {
        const link = await transport.open(host, signal);
        return { ...link, close: async () => link.close() };
      },
    }));
    await expect(check(/^closes once/).run(chatty)).rejects.toThrow(/same promise/);
  });

  test("rings for nobody", async () => {
    const silent = broken((transport) => ({
      ...transport,
      open: async (host, signal) => {
        const link = await transport.open(host, signal);
        return { ...link, a2p: { ...link.a2p, ring: () => {} } };
      },
    }));
    await expect(check(/^opens, exchanges/).run(silent)).rejects.toThrow(/a response within 30 ms/);
  });

  test("tells of more than it carries", async () => {
    const boastful = broken((transport) => ({
      ...transport,
      open: async (host, signal) => {
        const link = await transport.open(host, signal);
        return { ...link, a2p: { ...link.a2p, traits: { ...link.a2p.traits, maxPayload: 101 } } };
      },
    }));
    await expect(check(/^states facts/).run(boastful)).rejects.toThrow(/maxPayload of at most 100/);
  });

  test("keeps what it had when opening fails half-way", async () => {
    const sloppy = broken((transport) => ({
      ...transport,
      open: async (host, signal) => {
        const link = await transport.open(host, signal);
        signal?.throwIfAborted();
        if (host.openInstance() < 0) throw new ChannelError("sloppy", "closed");
        return link;
      },
    }));
    await expect(failEveryCallOnce(mailboxWorld({ mboxes: 1, areas: 1 }))).resolves.not.toEqual([]);
    await expect(check(/fails half-way/).run(sloppy)).rejects.toThrow(/nothing left behind/);
  });
});
