import { accessSync, constants, lstatSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { UsageError } from "./context.ts";

/** Bytes in a socket's address. Longer paths are cut there without a word. */
const LONGEST_PATH = process.platform === "linux" ? 107 : 103;

/** Listens at a path. A socket file that a dead process left there is removed first, a live one or another kind of file never.
 *  @throws Error that says what is in the way */
export async function listenAt(server: Server, path: string): Promise<void> {
  await makeWay(path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(new Error(`${path}: cannot listen: ${cause.message}`, { cause })));
    server.listen(path, resolve);
  });
}

/** Sees to it that a path can be listened at. Removes a socket file that a dead process left there.
 *  @throws UsageError for a path that no socket can have; Error that says what else is in the way */
export async function makeWay(path: string): Promise<void> {
  expectRoom(path);
  expectFolder(path);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw new Error(
      `${path}: expected a path that is free, or a socket that nobody listens on; got another kind of file`,
    );
  }
  if (await isAlive(path)) {
    throw new Error(`${path}: expected a path that is free, got a socket that another process listens on`);
  }
  unlinkSync(path);
}

function expectRoom(path: string): void {
  const byteLength = Buffer.byteLength(path);
  if (byteLength > 0 && (byteLength <= LONGEST_PATH || process.platform === "win32")) return;
  const room = `1 to ${LONGEST_PATH} bytes, which is what a Unix socket's name has room for`;
  throw new UsageError(`expected a path of ${room}, got ${byteLength}: "${path}"`);
}

function expectFolder(path: string): void {
  const folder = dirname(path);
  try {
    lstatSync(`${folder}/.`); // fails for what is no folder
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    const problem = FOLDER_PROBLEMS[code] ?? `${cause}; choose another one`;
    throw new Error(`${path}: cannot listen there: ${code}: the folder ${folder} ${problem}`, { cause });
  }
}

/** By error code; and what helps. */
const FOLDER_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist; make it, or choose another one",
  ENOTDIR: "is no folder; choose another one",
  EACCES: "is not writable for you; choose another one, or change its permissions",
  EROFS: "is on a read-only file system; choose another one",
};

/** Whether somebody listens on a socket file. Only a refusal is a no: whatever else may be, it is not ours to remove. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (cause) => resolve(!("code" in cause && cause.code === "ECONNREFUSED")));
  });
}
