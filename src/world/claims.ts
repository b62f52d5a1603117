import { type Node, type ScmiChannel, type ScmiInstance, supplierKeyOf } from "../devicetree/index.ts";

/** What can be in one channel, or in one instance, only. Areas are the binding's to judge. */
export class Claims {
  readonly #users = new Map<string, Node>();

  /** Takes what an instance needs.
   *  @throws BoardError for what another channel or instance has */
  claim(instance: ScmiInstance): void {
    const { node, channel, protocols } = instance;
    const supplier = supplierKeyOf(instance);
    const wanted = new Map<string, Node>();
    const channels = [{ by: node, its: channel }, ...protocols.map((it) => ({ by: it.node, its: it.channel }))];
    for (const { by, its } of channels) {
      if (!its) continue;
      const { property, keys, isShared } = partsOf(its, supplier);
      for (const key of keys) {
        const user = this.#users.get(key) ?? (isShared ? undefined : wanted.get(key));
        if (user) throw by.wrong(property, "one that nobody else uses", `${key}, which ${user.path} has`);
        wanted.set(key, by);
      }
    }
    for (const [key, by] of wanted) this.#users.set(key, by);
  }
}

/** What a channel needs for itself, or shares within its instance. */
function partsOf(channel: ScmiChannel, supplier: string | undefined) {
  switch (channel.kind) {
    case "mailbox": {
      const keys = channel.mailboxes.map(({ controller, cells }) => [controller.path, ...cells].join(" "));
      return { property: "mboxes", keys, isShared: false };
    }
    case "smc":
      return { property: "arm,smc-id", keys: [`function 0x${channel.functionId.toString(16)}`], isShared: true };
    case "optee": {
      const keys = [`channel ${channel.channelId} of ${supplier ?? "the TEE"}`];
      return { property: "linaro,optee-channel-id", keys, isShared: true };
    }
    case "virtio":
      // Who names a device that another one names is refused, and so is that one: the machine sees to both
      return { property: "scmi-wasm,supplier", keys: [], isShared: false };
  }
}
