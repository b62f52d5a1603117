import { Agent } from "../../agent/agent.ts";
import type { Device, Probe } from "../../bus/index.ts";
import { countedTransport } from "../counted.ts";
import type { MachineParts, MakeModule, StackData } from "../parts.ts";

/** The name of {@link scmiModule}. */
export const STACK = "scmi-module";

/** The stack. Linux, `scmi-module`: an agent for each instance whose transport is ready, and a device for each protocol that both the
 *  description and the platform have. Its unload unbinds consumers, then closes the agents. */
export const scmiModule: MakeModule = (parts) => ({
  name: STACK,
  needs: ["scmi-core"],
  init: (registration) =>
    registration.driver(parts.stacks, {
      name: "arm-scmi",
      match: () => true,
      probe: (device, probe) => bringUp(parts, device, probe),
    }),
});

async function bringUp(parts: MachineParts, { name, data }: Device<StackData>, probe: Probe): Promise<void> {
  const { core, clock, ledger, agents } = parts;
  const { signal } = probe;
  const agent = await Agent.open(core, countedTransport(data.transport, ledger), { clock, signal });
  probe.own(() => agent.close());
  agents.set(name, agent);
  probe.ownNow(() => agents.delete(name));
  for (const { id } of data.instance.protocols) {
    if (!agent.platform.protocols.includes(id)) continue;
    probe.addChild(parts.scmi, {
      name: `${name} protocol 0x${id.toString(16)}`,
      data: { path: name, protocolId: id, agent },
    });
  }
}
