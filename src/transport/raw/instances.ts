import { UnsupportedError } from "../../errors.ts";
import { codeOf, type RawFiles } from "./files.ts";

/** What debugfs says about one SCMI instance. */
export interface RawInstance {
  /** Folder of its raw files. */
  readonly folder: string;
  /** Names in that folder. */
  readonly names: readonly string[];
  /** Largest payload in bytes, header excluded. */
  readonly maxPayload: number;
  /** How long the kernel waits for a response, in milliseconds. */
  readonly timeoutMs: number;
  /** Commands that it takes at once. */
  readonly maxMessages: number;
}

const OPTION = "CONFIG_ARM_SCMI_RAW_MODE_SUPPORT, Linux 6.3 or newer";
const SUBJECT = "raw mode";

/** Finds an instance and reads its limits; defaults are those of the shared memory transports.
 *  @param wanted number of its folder, or the path of its device-tree node
 *  @throws UnsupportedError that says what is missing and what to do */
export function findInstance(files: RawFiles, root: string, wanted: number | string): RawInstance {
  const known = instancesIn(files, root);
  const named = known.map((number) => ({ number, name: nameOf(files, `${root}/scmi/${number}`) }));
  const found = named.find(({ number, name }) => number === String(wanted) || name === wanted);
  if (!found) {
    const all = named.map(({ number, name }) => (name === "" ? number : `${number} (${name})`)).join(", ");
    throw new UnsupportedError(SUBJECT, `SCMI instance ${wanted}`, `none of that name: there are ${all || "none"}`);
  }
  const folder = `${root}/scmi/${found.number}`;
  let names: readonly string[] = [];
  try {
    names = files.list(`${folder}/raw`);
  } catch (cause) {
    const code = codeOf(cause);
    if (code !== "ENOENT" && code !== "ENOTDIR") throw refusal(`${folder}/raw`, cause);
    throw new UnsupportedError(SUBJECT, `${folder}/raw, which needs ${OPTION}`, "no such folder", { cause });
  }
  const fact = (name: string, otherwise: number) => numberIn(files, `${folder}/transport/${name}`) ?? otherwise;
  return {
    ...{ folder: `${folder}/raw`, names },
    maxPayload: fact("max_msg_size", 104),
    timeoutMs: fact("max_rx_timeout_ms", 30),
    maxMessages: fact("tx_max_msg", 20),
  };
}

/** What kept a file from being opened, and what to do.
 *  @param cause what opening it threw */
export function refusal(path: string, cause: unknown): unknown {
  const code = codeOf(cause);
  if (code === "EACCES" || code === "EPERM")
    return new UnsupportedError(SUBJECT, "to be root", `${code} for ${path}`, { cause });
  if (code === "ENOENT")
    return new UnsupportedError(SUBJECT, `${path}, which needs ${OPTION}`, "no such file", { cause });
  return cause;
}

/** Numbers of the instances, as names of their folders. */
function instancesIn(files: RawFiles, root: string): readonly string[] {
  let names: readonly string[];
  try {
    names = files.list(root);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") throw notMounted(root, "no such folder", cause);
    throw refusal(root, cause);
  }
  if (names.length === 0) throw notMounted(root, "an empty folder");
  if (!names.includes("scmi")) {
    throw new UnsupportedError(
      SUBJECT,
      `${root}/scmi, which needs ${OPTION}, and firmware that speaks SCMI`,
      "no such folder",
    );
  }
  const numbers = files.list(`${root}/scmi`).filter((name) => /^\d+$/.test(name));
  return [...numbers].sort((a, b) => Number(a) - Number(b));
}

function notMounted(root: string, got: string, cause?: unknown): UnsupportedError {
  return new UnsupportedError(SUBJECT, `debugfs at ${root}: mount -t debugfs none ${root}`, got, { cause });
}

function nameOf(files: RawFiles, folder: string): string {
  try {
    return files.readText(`${folder}/instance_name`).trim();
  } catch {
    return ""; // its number is enough
  }
}

function numberIn(files: RawFiles, path: string): number | undefined {
  let text: string;
  try {
    text = files.readText(path).trim();
  } catch {
    return undefined; // the transport's own default is as good
  }
  const value = Number(text);
  return text !== "" && Number.isInteger(value) && value > 0 ? value : undefined;
}
