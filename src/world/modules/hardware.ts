import type { Module } from "../../bus/index.ts";
import type { MachineParts } from "../parts.ts";

/** The drivers of mailbox controllers and conduits, which every machine has built in. */
export const HARDWARE = "hardware";

/** Makes that module for a machine. */
export function hardwareModule(parts: MachineParts): Module {
  return {
    name: HARDWARE,
    init: (registration) =>
      registration.driver(parts.hardware, {
        name: "hardware",
        match: () => true,
        probe: async ({ data }, probe) => {
          if (data.kind === "mailbox") probe.publish(parts.mailboxes, data.key, data.mailbox);
          else probe.publish(parts.conduits, data.key, data.conduit);
        },
      }),
  };
}
