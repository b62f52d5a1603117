import { ChannelError } from "../errors.ts";
import type { Libc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 0x80001;
const LONGEST_PATH = 107;
const BACKLOG = 8;

/** Why a path cannot be bound, by errno of Linux, and what helps. */
const REASONS: Readonly<Record<number, string>> = {
  1: "EPERM: its file system has no sockets; choose another folder",
  2: "ENOENT: its folder does not exist, or takes no files; make it, or choose another one",
  13: "EACCES: no permission to write to its folder; choose another one",
  20: "ENOTDIR: what should be its folder is none; choose another one",
  28: "ENOSPC: its file system is full; choose another folder",
  30: "EROFS: its file system is read-only; choose another folder",
  98: "EADDRINUSE: there is a file already; end who listens there, or remove it",
};

/** Listens at a path, which has to be free.
 *  @returns the socket
 *  @throws RangeError for a path of more than 107 bytes; ChannelError when it cannot be listened at */
export function listenAt(libc: Libc, path: string): number {
  const bytes = new TextEncoder().encode(path);
  if (bytes.byteLength === 0 || bytes.byteLength > LONGEST_PATH) {
    const limit = `1 to ${LONGEST_PATH} bytes, which is what a Unix socket's name has room for`;
    throw new RangeError(`"path" expected ${limit}, got ${bytes.byteLength}: ${path}`);
  }
  const address = libc.malloc(LONGEST_PATH + 3);
  const view = new Uint8Array(libc.view(address, LONGEST_PATH + 3)).fill(0);
  view[0] = AF_UNIX;
  view.set(bytes, 2);
  const fd = libc.check(libc.socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0), "socket");
  const isBound = libc.bind(fd, address, LONGEST_PATH + 3) === 0;
  const isListening = isBound && libc.listen(fd, BACKLOG) === 0;
  const errno = libc.errno();
  libc.free(address);
  if (isListening) return fd;
  libc.close(fd);
  throw new ChannelError(path, "notListening", REASONS[errno] ?? `errno ${errno}`);
}
