import type { ProtocolClass } from "../../agent/handle.ts";
import type { MakeModule } from "../parts.ts";

/** A vendor protocol as a module of its own. It stays for as long as a consumer uses it: its unload is refused until then.
 *  @param name of the module */
export function vendorProtocol(name: string, type: ProtocolClass<unknown>): MakeModule {
  return (parts) => ({
    name,
    needs: ["scmi-core"],
    init: (registration) => registration.publish(parts.protocols, `${type.table.id}`, type, "refuse"),
  });
}
