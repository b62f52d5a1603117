import type { Bus, Driver, Probe, Registration } from "../../src/bus/index.ts";
import { ChannelError } from "../../src/errors.ts";
import type { Tee, TeeConnection } from "../../src/tee/index.ts";
import type { MachineParts, MakeModule } from "../../src/world/index.ts";
import type { ModuleName, Scene, Spoil } from "./scene.ts";

/** Puts something else in place of a driver. */
type SpoilDriver = <T>(bus: Bus<T>, driver: Driver<T>, parts: MachineParts, registration: Registration) => Driver<T>;
/** Puts something else in place of what a probe can do. */
type SpoilProbe = (probe: Probe, scene: Scene, parts: MachineParts) => Partial<Probe>;

/** Spoils one module and leaves the others as they are. */
function only(module: ModuleName, spoil: (make: MakeModule, scene: Scene) => MakeModule): Spoil {
  return (name, make, scene) => (name === module ? spoil(make, scene) : make);
}

/** Lets a module register in its usual way, through something else. */
function through(
  make: MakeModule,
  change: (it: Registration, parts: MachineParts) => Partial<Registration>,
): MakeModule {
  return (parts) => {
    const module = make(parts);
    const init = (it: Registration) => {
      const usual: Registration = {
        own: (release) => it.own(release),
        bus: (bus) => it.bus(bus),
        driver: (bus, driver) => it.driver(bus, driver),
        publish: (...publication) => it.publish(...publication),
      };
      module.init({ ...usual, ...change(it, parts) });
    };
    return { ...module, init };
  };
}

function withDrivers(module: ModuleName, spoil: (scene: Scene) => SpoilDriver): Spoil {
  return only(module, (make, scene) => {
    const change = spoil(scene);
    return through(make, (it, parts) => ({
      driver: (bus, driver) => it.driver(bus, change(bus, driver, parts, it)),
    }));
  });
}

function withProbes(module: ModuleName, spoil: SpoilProbe): Spoil {
  return withDrivers(module, (scene) => (_, driver, parts) => ({
    ...driver,
    probe: (device, it) => {
      const usual: Probe = {
        signal: it.signal,
        own: (release) => it.own(release),
        ownNow: (release) => it.ownNow(release),
        require: (suppliers, key) => it.require(suppliers, key),
        publish: (suppliers, key, value) => it.publish(suppliers, key, value),
        addChild: (bus, description) => it.addChild(bus, description),
      };
      return driver.probe(device, { ...usual, ...spoil(it, scene, parts) });
    },
  }));
}

/** Spoils the client of the TEEs that transports are given. */
function withTees(spoil: (connection: TeeConnection) => Partial<TeeConnection>): Spoil {
  const spoilt = (tee: Tee): Tee => ({
    ...{ name: tee.name, version: tee.version, isSync: tee.isSync },
    open: async () => {
      const it = await tee.open();
      const changes: Readonly<Record<string | symbol, unknown>> = { ...spoil(it) };
      return new Proxy(it, {
        get: (target, name) => {
          const member: unknown = changes[name] ?? Reflect.get(target, name, target); // private fields know no proxy
          return typeof member === "function" ? member.bind(target) : member;
        },
      });
    },
  });
  return withProbes("transport", (probe, _, parts) => ({
    require: (suppliers, key) => {
      const value = probe.require(suppliers, key);
      const isTee = (suppliers as unknown) === parts.tees;
      return isTee ? (spoilt(value as Tee) as typeof value) : value;
    },
  }));
}

/** The first session of a context is for the capabilities, and no channel's. */
function ofChannels(first: (session: number) => Promise<void>, others: (session: number) => Promise<void>) {
  let close = first;
  return async (session: number) => {
    const now = close;
    close = others;
    await now(session);
  };
}

/** The driver is registered when somebody asks for it, which nobody has, and unregistered in any case. */
const unregistersWithoutRegister = only("transport", (make) =>
  through(make, (it) => ({
    driver: (bus, driver) => it.own(async () => bus.unregister(driver)),
  })),
);

/** The error paths of channel set-up forget the shared memory, which keeps the context. */
const leaksMemoryOnFailure = withTees((it) => {
  let hasFailed = false;
  const noted = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (reason) {
      hasFailed = true;
      throw reason;
    }
  };
  return {
    openSession: (login) => noted(() => it.openSession(login)),
    invoke: (session, command, params) => noted(() => it.invoke(session, command, params)),
    release: async (cookie) => {
      if (!hasFailed) await it.release(cookie);
    },
    close: async () => {
      if (!hasFailed) await it.close();
    },
  };
});

/** Freeing a channel leaves its session open, in a context that lives on. */
const leavesSessionOpen = withTees((it) => ({
  closeSession: ofChannels(
    (session) => it.closeSession(session),
    async () => {},
  ),
  close: async () => {},
}));

/** Each protocol frees its channel, also the one that several share. */
const freesSharedChannelTwice = withTees((it) => ({
  closeSession: ofChannels(
    (session) => it.closeSession(session),
    async (session) => {
      await it.closeSession(session);
      await it.closeSession(session).catch(() => {});
    },
  ),
}));

/** The stack's device does not go with the transport that made it: its channels are used, and freed, when that is gone. */
const leavesStackBehind = withProbes("transport", (_, { machine }) => ({
  addChild: (bus, description) => machine.buses.insert(bus, description),
}));

/** The transport looks whether it is in use before it unregisters its driver, and leaves it at that. */
const staysWhileBusy = only("transport", (make, { machine }) =>
  through(make, (it) => ({
    driver: (bus, driver) => {
      bus.register(driver, "scmi-transport");
      it.own(async () => {
        if (machine.agents.size === 0) bus.unregister(driver);
      });
    },
  })),
);

/** The devices of the stack have nobody who releases them. */
const lacksRelease = withProbes("scmi-module", (probe) => ({
  addChild: (bus, description) => {
    const device = probe.addChild(bus, description);
    device.retain();
    return device;
  },
}));

/** The driver of the nodes is registered at the end of the probe of a service. */
const registersInProbe = only("transport", (make) =>
  through(make, (it, parts) => {
    const later: (() => void)[] = [];
    return {
      driver: (bus, driver) => {
        if (bus.name === parts.nodes.name) {
          later.push(() => it.driver(bus, driver));
          return;
        }
        const probe: typeof driver.probe = async (device, context) => {
          await driver.probe(device, context);
          for (const register of later) register();
        };
        it.driver(bus, { ...driver, probe });
      },
    };
  }),
);

/** The same by loading a module from inside a probe, and waiting for that. */
const loadsInProbe = withDrivers("transport", ({ machine }) => (_, driver) => ({
  ...driver,
  probe: async (device, probe) => {
    await machine.load(() => ({ name: "another", init: () => {} }));
    await driver.probe(device, probe);
  },
}));

/** There is one service, and that is it. */
const isSingle = withDrivers("transport", () => {
  let isTaken = false;
  return (bus, driver, parts) => ({
    ...driver,
    probe: async (device, probe) => {
      if (bus.name === parts.teeServices.name) {
        if (isTaken) throw new ChannelError("SCMI service", "busy", "only one allowed");
        isTaken = true;
        probe.ownNow(() => {
          isTaken = false;
        });
      }
      await driver.probe(device, probe);
    },
  });
});

/** Whichever service is there serves whoever comes. */
const matchesByArrival = withProbes("transport", (probe) => ({
  require: (suppliers, key) => probe.require(suppliers, suppliers.keys[0] ?? key),
}));

/** The mistakes that the kernel's transports once had, or had to avoid, to be put back into ours. */
export const BUGS = {
  unregistersWithoutRegister,
  leaksMemoryOnFailure,
  leavesSessionOpen,
  freesSharedChannelTwice,
  leavesStackBehind,
  staysWhileBusy,
  lacksRelease,
  registersInProbe,
  loadsInProbe,
  isSingle,
  matchesByArrival,
} as const;
