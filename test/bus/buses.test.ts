import { describe, expect, test } from "vitest";
import {
  Bus,
  Buses,
  type Driver,
  type Module,
  ModuleError,
  type Probe,
  type Registration,
  Suppliers,
} from "../../src/bus/index.ts";

/** A machine with one bus, one kind of supplier, and a diary. */
class Scene {
  readonly buses = new Buses();
  readonly bus = new Bus<{ readonly key?: string }>("platform");
  readonly cords = new Suppliers<string>("cord");
  readonly diary: string[] = [];

  driver(name: string, prefix: string, probe: (device: string, probe: Probe) => void = () => {}): Driver<object> {
    return {
      name,
      match: (device) => device.name.startsWith(prefix),
      probe: async (device, it) => {
        probe(device.name, it);
        this.diary.push(`+${device.name}`);
        it.ownNow(() => this.diary.push(`-${device.name}`));
      },
    };
  }

  module(name: string, init: (registration: Registration) => void, needs: readonly string[] = []): Module {
    return { name, needs, init };
  }

  /** Provides cords of the devices' names. */
  readonly provider = this.module("provider", (it) =>
    it.driver(
      this.bus,
      this.driver("provider", "p", (device, probe) => probe.publish(this.cords, device, device)),
    ),
  );
  readonly consumer = this.module("consumer", (it) =>
    it.driver(
      this.bus,
      this.driver("consumer", "c", (device, probe) => probe.require(this.cords, device.replace("c", "p"))),
    ),
  );

  add(name: string) {
    return this.buses.add(this.bus, { name, data: {} });
  }

  reasons(): Record<string, string> {
    return Object.fromEntries(this.buses.unbound.map(({ device, reason }) => [device.name, reason]));
  }
}

describe("modules", () => {
  test("unregister what they registered, in reverse, and nothing else", async () => {
    const scene = new Scene();
    await scene.buses.load(
      scene.module("m", (it) => {
        it.own(async () => void scene.diary.push("first"));
        it.driver(scene.bus, scene.driver("d", "x"));
        it.own(async () => void scene.diary.push(`last, with ${scene.bus.drivers}`));
      }),
    );
    await scene.buses.unload("m");
    expect(scene.diary).toEqual(["last, with d", "first"]);
    expect(scene.bus.drivers).toEqual([]);
  });

  test("undo what init did when it fails half-way", async () => {
    const scene = new Scene();
    const failing = scene.module("m", (it) => {
      it.driver(scene.bus, scene.driver("d", "x"));
      throw new RangeError("no");
    });
    await expect(scene.buses.load(failing)).rejects.toThrow("no");
    expect(scene.bus.drivers).toEqual([]);
    expect(scene.buses.modules).toEqual([]);
  });

  test("are refused without what they need, and stay while they are needed", async () => {
    const scene = new Scene();
    const core = scene.module("core", () => {});
    const user = scene.module("user", () => {}, ["core"]);
    await expect(scene.buses.load(user)).rejects.toMatchObject({ reason: "missing", others: ["core"] });
    await scene.buses.load(core);
    await scene.buses.load(user);
    await expect(scene.buses.unload("core")).rejects.toMatchObject({ reason: "inUse", others: ["user"] });
    await scene.buses.unload("user");
    await scene.buses.unload("core");
    await expect(scene.buses.unload("core")).rejects.toMatchObject({ reason: "notLoaded" });
    await scene.buses.load(core);
    await expect(scene.buses.load(core)).rejects.toMatchObject({ reason: "duplicate" });
  });

  test("stay while a device uses what they supply with policy refuse, and take users with them otherwise", async () => {
    for (const policy of ["refuse", "unbind"] as const) {
      const scene = new Scene();
      await scene.buses.load(scene.module("m", (it) => it.publish(scene.cords, "p1", "cord", policy)));
      await scene.buses.load(scene.consumer);
      await scene.add("c1");
      expect(scene.diary).toEqual(["+c1"]);
      const unload = scene.buses.unload("m");
      if (policy === "refuse") await expect(unload).rejects.toMatchObject({ reason: "inUse", others: ["c1"] });
      else await unload;
      expect(scene.reasons()).toEqual(policy === "refuse" ? {} : { c1: "waits for cord p1" });
    }
  });

  test("cannot register once init has returned, not even from a probe that kept the registration", async () => {
    const scene = new Scene();
    let kept: Registration | undefined;
    await scene.buses.load(
      scene.module("m", (it) => {
        kept = it;
        it.driver(
          scene.bus,
          scene.driver("d", "x", () => kept?.driver(scene.bus, scene.driver("e", "y"))),
        );
      }),
    );
    await scene.add("x1");
    expect(scene.buses.unbound).toMatchObject([{ state: "failed", error: { code: "SCMI_MODULE", reason: "sealed" } }]);
    expect(scene.bus.drivers).toEqual(["d"]);
  });
});

describe("devices", () => {
  test("are deferred until their supplier arrives, whoever comes first", async () => {
    for (const order of ["provider consumer p1 c1", "c1 p1 consumer provider", "consumer c1 provider p1"]) {
      const scene = new Scene();
      for (const step of order.split(" ")) {
        if (step === "provider") await scene.buses.load(scene.provider);
        else if (step === "consumer") await scene.buses.load(scene.consumer);
        else await scene.add(step);
      }
      expect(scene.diary, order).toEqual(["+p1", "+c1"]);
      expect(scene.buses.unbound).toEqual([]);
    }
  });

  test("are matched by key, not by arrival", async () => {
    const scene = new Scene();
    await scene.buses.load(scene.provider);
    await scene.buses.load(scene.consumer);
    await scene.add("c1");
    await scene.add("p2");
    expect(scene.reasons()).toEqual({ c1: "waits for cord p1" });
  });

  test("are unbound before their suppliers, and bound again when those come back", async () => {
    const scene = new Scene();
    await scene.buses.load(scene.provider);
    await scene.buses.load(scene.consumer);
    const supplier = await scene.add("p1");
    await scene.add("c1");
    await scene.buses.remove(supplier);
    expect(scene.diary).toEqual(["+p1", "+c1", "-c1", "-p1"]);
    await scene.add("p1");
    await scene.buses.unload("provider");
    expect(scene.diary.slice(4)).toEqual(["+p1", "+c1", "-c1", "-p1"]);
  });

  test("give back what a failed probe acquired, its children first", async () => {
    const scene = new Scene();
    let isBroken = true;
    await scene.buses.load(
      scene.module("m", (it) =>
        it.driver(
          scene.bus,
          scene.driver("d", "x", (device, probe) => {
            probe.ownNow(() => scene.diary.push("gave back"));
            const released = () => scene.diary.push("child released");
            probe.addChild(scene.bus, { name: `child of ${device}`, data: {}, released });
            if (isBroken) throw new RangeError("broken");
          }),
        ),
      ),
    );
    const device = await scene.add("x1");
    expect(scene.diary).toEqual(["child released", "gave back"]);
    expect(scene.reasons()).toEqual({ x1: "broken" });
    expect(scene.buses.ledger.leaks.devices).toBe(1);
    await scene.add("anything new");
    expect(scene.reasons()).toMatchObject({ x1: "broken" });
    isBroken = false;
    await scene.buses.retry(device);
    expect(scene.buses.isBound(device)).toBe(true);
  });

  test("go with their children: those first", async () => {
    const scene = new Scene();
    await scene.buses.load(
      scene.module("m", (it) => {
        it.driver(
          scene.bus,
          scene.driver(
            "d",
            "x",
            (device, probe) => void probe.addChild(scene.bus, { name: `y of ${device}`, data: {} }),
          ),
        );
        it.driver(scene.bus, scene.driver("e", "y"));
      }),
    );
    const device = await scene.add("x1");
    await scene.buses.remove(device);
    await scene.buses.remove(device);
    expect(scene.diary).toEqual(["+x1", "+y of x1", "-y of x1", "-x1"]);
    expect(scene.buses.ledger.leaks.devices).toBe(0);
  });

  test("count as left behind while somebody refers to them", async () => {
    const scene = new Scene();
    const bus = new Bus<object>("scmi", { isOpen: false });
    await scene.buses.load(scene.module("core", (it) => it.bus(bus)));
    const device = await scene.buses.add(bus, { name: "d", data: {} });
    const put = device.retain();
    await scene.buses.remove(device);
    expect(scene.buses.ledger.leaks.devices).toBe(1);
    await expect(scene.buses.unload("core")).rejects.toThrow("1 devices without release");
    put();
    expect(scene.buses.ledger.leaks.devices).toBe(0);
    await expect(scene.buses.add(bus, { name: "d", data: {} })).rejects.toMatchObject({ reason: "missing" });
  });

  test("that two drivers match are bound to neither, whichever came first", async () => {
    const scene = new Scene();
    await scene.add("x1");
    await scene.buses.load(scene.module("a", (it) => it.driver(scene.bus, scene.driver("a", "x"))));
    await scene.buses.load(scene.module("b", (it) => it.driver(scene.bus, scene.driver("b", "x"))));
    expect(scene.buses.unbound).toMatchObject([
      { state: "failed", error: { reason: "ambiguous", others: ["a", "b"] } },
    ]);
    await scene.buses.unload("a");
    expect(scene.diary).toEqual(["+x1", "-x1", "+x1"]);
  });

  test("that their driver objects to are unbound, and bound again when it no longer does", async () => {
    const scene = new Scene();
    let objection: Error | undefined;
    const check = () => {
      if (objection) throw objection;
    };
    await scene.buses.load(scene.module("m", (it) => it.driver(scene.bus, { ...scene.driver("d", "x"), check })));
    await scene.add("x1");
    objection = new RangeError("not like this");
    await scene.buses.recheck();
    expect(scene.reasons()).toEqual({ x1: "not like this" });
    objection = undefined;
    await scene.buses.recheck();
    expect(scene.diary).toEqual(["+x1", "-x1", "+x1"]);
  });

  test("whose supplier complains while it goes are gone all the same, and the complaint is told", async () => {
    const scene = new Scene();
    await scene.buses.load(
      scene.module("m", (it) =>
        it.driver(
          scene.bus,
          scene.driver("d", "x", (_, probe) => probe.own(() => Promise.reject(new RangeError("stuck")))),
        ),
      ),
    );
    const device = await scene.add("x1");
    await expect(scene.buses.remove(device)).rejects.toThrow("stuck");
    expect(scene.diary).toEqual(["+x1", "-x1"]);
    expect(scene.buses.ledger.leaks.devices).toBe(0);
  });
});

describe("a probe that waits for ever", () => {
  function waiting(scene: Scene): Module {
    return scene.module("m", (it) =>
      it.driver(scene.bus, {
        name: "d",
        match: ({ name }) => name.startsWith("x"),
        probe: (_, { signal }) =>
          new Promise((_done, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      }),
    );
  }

  test("is given up when its module is to go", async () => {
    const scene = new Scene();
    await scene.add("x1");
    const loading = scene.buses.load(waiting(scene));
    for (let i = 0; i < 10; i++) await Promise.resolve();
    await scene.buses.unload("m");
    await loading;
    expect(scene.buses.modules).toEqual([]);
    expect(scene.reasons()).toEqual({ x1: "no driver matches it" });
  });

  test("is given up when its device is to go", async () => {
    const scene = new Scene();
    const device = await scene.add("x1");
    const loading = scene.buses.load(waiting(scene));
    for (let i = 0; i < 10; i++) await Promise.resolve();
    await scene.buses.remove(device);
    await loading;
    expect(scene.buses.modules).toEqual(["m"]);
    expect(scene.buses.unbound).toEqual([]);
  });
});

test("a refusal says what stands in the way", () => {
  expect(new ModuleError("inUse", "scmi-core", ["scmi-module", "fan"]).message).toBe(
    "scmi-core: expected no users, got scmi-module, fan; unload or unbind those first",
  );
});
