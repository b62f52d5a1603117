import { lstatSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";

/** Listens at a path. A socket file that a dead process left there is removed first, a live one or another kind of file never.
 *  @throws Error that says what is in the way */
export async function listenAt(server: Server, path: string): Promise<void> {
  await makeWay(path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(new Error(`${path}: cannot listen: ${cause.message}`, { cause })));
    server.listen(path, resolve);
  });
}

/** Removes a socket file that a dead process left at a path.
 *  @throws Error that says what else is in the way */
export async function makeWay(path: string): Promise<void> {
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
