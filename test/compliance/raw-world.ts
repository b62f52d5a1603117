import type { FaultInjector, Stage, TransportWorld } from "../../src/compliance/index.ts";
import { type RawFiles, raw } from "../../src/transport/raw.node.ts";
import { RawKernel, type RawKernelOptions } from "./raw-kernel.ts";

/** Raw mode of a simulated kernel; with an injector, its system calls can fail. */
export function rawWorld(
  options: RawKernelOptions & { readonly isPolled?: boolean } = {},
): (stage: Stage, injector?: FaultInjector) => TransportWorld {
  return (stage, injector) => {
    const { clock, maxMessageBytes } = stage;
    const limit = maxMessageBytes === undefined ? {} : { maxPayload: maxMessageBytes };
    const kernel = new RawKernel(stage, { ...options, ...limit });
    return {
      transport: raw({ instance: 0, isPolled: options.isPolled ?? false, clock, files: fallible(kernel, injector) }),
      leaks: () => ({ descriptors: kernel.descriptors }),
      die: () => {
        kernel.isDead = true;
      },
      revive: () => {
        kernel.isDead = false;
      },
      close: () => kernel.close(),
    };
  };
}

function fallible(kernel: RawKernel, injector: FaultInjector | undefined): RawFiles {
  if (!injector) return kernel;
  return injector.wrap("kernel", kernel as RawFiles, { acquire: ["list", "open"] }, (name, result) =>
    name === "open"
      ? injector.wrap("file", result as ReturnType<RawFiles["open"]>, {
          acquire: ["write", "read"],
          release: ["close"],
        })
      : result,
  );
}
