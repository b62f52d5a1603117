import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { UsageError } from "./context.ts";

/** Where a platform is, or is to be: a Unix socket, or a TCP port. */
export type Address =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

const MOST_PORT = 65_535;

/** `unix:PATH` or `tcp:HOST:PORT`; `undefined` for anything else.
 *  @throws UsageError for a port that is none */
export function parseAddress(option: string, text: string): Address | undefined {
  const [, path] = /^unix:(.+)$/.exec(text) ?? [];
  if (path !== undefined) return { kind: "unix", path };
  const [, rest] = /^tcp:(.+)$/.exec(text) ?? [];
  return rest === undefined ? undefined : { kind: "tcp", ...parseHostPort(option, rest, "tcp:") };
}

/** `HOST:PORT`; an IPv6 address stands in brackets.
 *  @throws UsageError for anything else */
export function parseHostPort(
  option: string,
  text: string,
  scheme = "",
): { readonly host: string; readonly port: number } {
  const { six, name, digits } = /^(?:\[(?<six>[^\]]+)\]|(?<name>[^:]+)):(?<digits>\d+)$/.exec(text)?.groups ?? {};
  const host = six ?? name;
  const port = Number(digits);
  if (host !== undefined && port <= MOST_PORT && (six === undefined || isIP(six) === 6)) return { host, port };
  throw new UsageError(`${option} ${scheme}${text}: expected ${scheme}HOST:PORT, with a port from 0 to ${MOST_PORT}`);
}

/** What an address is called in messages. */
export function addressText(address: Address): string {
  if (address.kind === "unix") return address.path;
  return `${isIP(address.host) === 6 ? `[${address.host}]` : address.host}:${address.port}`;
}

/** The address that a name stands for, if only this machine can reach it.
 *  @throws UsageError for one that others can reach, unless that is wanted
 *  @throws Error for a name that nobody knows */
export async function listenHost(host: string, allowRemote: boolean): Promise<string> {
  const { address } = await lookup(host).catch((cause) => {
    throw new Error(`${host}: no such host`, { cause });
  });
  if (allowRemote || isLoopback(address)) return address;
  throw new UsageError(
    `--listen ${host}: expected an address that only this machine reaches (127.0.0.1, ::1), got ${address}; nothing protects the platform ` +
      "from who connects, so others need --allow-remote",
  );
}

function isLoopback(address: string): boolean {
  const list = new BlockList();
  list.addSubnet("127.0.0.0", 8, "ipv4");
  list.addAddress("::1", "ipv6");
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
