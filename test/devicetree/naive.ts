// A second reader of flattened trees, as short as can be and made for nothing but counting: it trusts its input, knows nodes by
// their paths, and works on plain objects.

/** Properties as hex text of their bytes. */
export interface Plain {
  readonly props: Record<string, Buffer>;
  readonly nodes: Record<string, Plain>;
}

export function plainTree(bytes: Uint8Array): Plain {
  const blob = Buffer.from(bytes);
  const strings = blob.readUInt32BE(12);
  let at = blob.readUInt32BE(8);
  const top: Plain = { props: {}, nodes: {} };
  const stack: Plain[] = [top];
  for (;;) {
    const token = blob.readUInt32BE(at);
    at += 4;
    const here = stack[stack.length - 1] as Plain;
    if (token === 1) {
      const end = blob.indexOf(0, at);
      const node: Plain = { props: {}, nodes: {} };
      here.nodes[blob.toString("latin1", at, end)] = node;
      stack.push(node);
      at = Math.ceil((end + 1) / 4) * 4;
    } else if (token === 2) stack.pop();
    else if (token === 3) {
      const length = blob.readUInt32BE(at);
      const name = strings + blob.readUInt32BE(at + 4);
      here.props[blob.toString("latin1", name, blob.indexOf(0, name))] = blob.subarray(at + 8, at + 8 + length);
      at = Math.ceil((at + 8 + length) / 4) * 4;
    } else if (token === 9) return top.nodes[""] as Plain;
  }
}

const CELLS: Record<string, string> = {
  clocks: "#clock-cells",
  "assigned-clocks": "#clock-cells",
  "assigned-clock-parents": "#clock-cells",
  resets: "#reset-cells",
  "power-domains": "#power-domain-cells",
  "performance-domains": "#performance-domain-cells",
  "thermal-sensors": "#thermal-sensor-cells",
};

/** Every specifier of an enabled node that refers into an SCMI protocol node, as text `device property protocol resource`. */
export function naiveConsumers(root: Plain): string[] {
  const byPhandle: Record<number, string> = {};
  const at: Record<string, Plain> = {};
  const enabled = new Set<string>();
  const visit = (path: string, node: Plain, isOn: boolean) => {
    at[path] = node;
    const status = node.props.status?.toString("latin1").replaceAll("\0", "");
    const on = isOn && (status === undefined || status === "okay" || status === "ok");
    if (on) enabled.add(path);
    if (node.props.phandle) byPhandle[node.props.phandle.readUInt32BE(0)] = path;
    for (const [name, child] of Object.entries(node.nodes)) visit(`${path}/${name}`, child, on);
  };
  visit("", root, true);
  const protocolOf = (path: string): [string, number] | undefined => {
    const found = /^(.*\/scmi(?:-\d+)?\/protocol@[0-9a-f]+)(?=\/|$)/.exec(path)?.[1];
    return found && enabled.has(found) ? [found, at[found]?.props.reg?.readUInt32BE(0) ?? -1] : undefined;
  };
  const found: string[] = [];
  for (const path of enabled) {
    for (const [property, value] of Object.entries(at[path]?.props ?? {})) {
      const words =
        value.length % 4 ? [] : Array.from({ length: value.length / 4 }, (_, i) => value.readUInt32BE(4 * i));
      if (property.endsWith("-supply") || /^pinctrl-\d+$/.test(property)) {
        for (const phandle of words) {
          const target = byPhandle[phandle] ?? "";
          const protocol = protocolOf(target);
          if (!protocol || protocol[0] === target) continue;
          if (property.endsWith("-supply") && protocol[1] === 0x17) {
            found.push(`${path} ${property} 23 ${at[target]?.props.reg?.readUInt32BE(0)}`);
          }
          if (property.startsWith("pinctrl-") && protocol[1] === 0x19) found.push(`${path} ${property} 25 pins`);
        }
      }
      const counter = CELLS[property];
      if (!counter) continue;
      for (let i = 0; i < words.length; ) {
        const phandle = words[i++] as number;
        if (phandle === 0) continue;
        const target = byPhandle[phandle] ?? "";
        const protocol = protocolOf(target);
        if (protocol?.[0] === target) found.push(`${path} ${property} ${protocol[1]} ${words[i]}`);
        i += at[target]?.props[counter]?.readUInt32BE(0) ?? 0;
      }
    }
  }
  return found.sort();
}
