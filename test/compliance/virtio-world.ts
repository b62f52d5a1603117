import type { FaultInjector, ScriptSink, Stage, TransportWorld } from "../../src/compliance/index.ts";
import { VirtioScmiDevice } from "../../src/firmware/index.ts";
import { virtio } from "../../src/transport/virtio.ts";
import { VIRTIO_F, VIRTIO_SCMI_F, type VirtioConnection, type VirtioDevice } from "../../src/virtio/index.ts";
import { prompt } from "./prompt.ts";

/** How a virtio world is laid out. */
export interface VirtioLayout {
  readonly queueSize?: number;
  readonly hasIndirect?: boolean;
  readonly hasEventIndex?: boolean;
  readonly hasP2a?: boolean;
  readonly isPolled?: boolean;
  readonly latencyMs?: number;
  readonly interruptDelayMs?: number;
  /** The platform answers commands where they lie. */
  readonly isPrompt?: boolean;
}

/** Makes a virtio world of a layout; with an injector, its operations can fail. */
export function virtioWorld(layout: VirtioLayout): (stage: Stage, injector?: FaultInjector) => TransportWorld {
  return ({ clock, platform, maxMessageBytes }, injector) => {
    const { queueSize = 8, hasIndirect = true, hasEventIndex = true, hasP2a = true } = layout;
    const features =
      VIRTIO_F.VERSION_1 |
      (hasIndirect ? VIRTIO_F.INDIRECT_DESC : 0n) |
      (hasEventIndex ? VIRTIO_F.EVENT_IDX : 0n) |
      (hasP2a ? VIRTIO_SCMI_F.P2A_CHANNELS : 0n);
    const { latencyMs = 0, interruptDelayMs = 0 } = layout;
    const scripted = (sink: ScriptSink) => platform.connect(sink);
    const device = new VirtioScmiDevice(layout.isPrompt ? prompt(scripted) : scripted, {
      ...{ queueSize, features, clock, latencyMs, interruptDelayMs },
    });
    let spurious = () => {};
    const listening: VirtioDevice = {
      ...{ name: device.name, deviceId: device.deviceId, features, queueSizes: device.queueSizes },
      isSync: device.isSync,
      open(driver) {
        spurious = () => {
          driver.used(0);
          driver.used(1);
        };
        return device.open(driver);
      },
    };
    return {
      transport: virtio({
        device: injector ? fallibleDevice(injector, listening) : listening,
        ...(layout.isPolled ? { polling: { clock } } : {}),
        ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
      }),
      leaks: () => device.leaks,
      spurious: () => spurious(),
      die: () => device.remove(),
      revive: () => device.insert(),
      close: () => device.remove(),
    };
  };
}

function fallibleDevice(injector: FaultInjector, device: VirtioDevice): VirtioDevice {
  const wrapBuffer = (name: string, result: unknown) =>
    name === "allocate"
      ? injector.wrap("buffer", result as ReturnType<VirtioConnection["allocate"]>, { release: ["release"] })
      : result;
  return injector.wrap("device", device, { acquire: ["open"] }, (_, connection) =>
    injector.wrap(
      "connection",
      connection as VirtioConnection,
      { acquire: ["negotiate", "allocate", "setQueue", "start", "kick"], release: ["reset", "close"] },
      wrapBuffer,
    ),
  );
}
