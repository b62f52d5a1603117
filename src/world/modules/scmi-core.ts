import type { MakeModule } from "../parts.ts";

/** The bus of SCMI protocols. Linux, `scmi-core`. Whatever uses it keeps it: its unload is refused while the stack, a vendor protocol or a
 *  consumer is loaded. */
export const scmiCore: MakeModule = (parts) => ({
  name: "scmi-core",
  init: (registration) => registration.bus(parts.scmi),
});
