import { ChannelError, UnsupportedError } from "../errors.ts";

/** A function of the C library. Addresses are bigint, numbers number. */
type CFunction = ((...args: readonly (number | bigint | string)[]) => number) & {
  async(...args: readonly [...(number | bigint)[], (error: unknown, result: number) => void]): void;
};

/** What of koffi is used. */
interface Koffi {
  load(path: null): { func(declaration: string): unknown };
  view(address: bigint, byteLength: number): ArrayBuffer;
  errno(): number;
}

/** Functions of the C library that Node has no way to. */
export interface Libc {
  readonly accept4: CFunction;
  readonly bind: CFunction;
  readonly close: CFunction;
  readonly epollCreate: CFunction;
  readonly epollCtl: CFunction;
  readonly epollWait: CFunction;
  readonly eventfd: CFunction;
  readonly fcntl: CFunction;
  readonly free: CFunction;
  readonly listen: CFunction;
  readonly lseek: CFunction;
  readonly munmap: CFunction;
  readonly read: CFunction;
  readonly recvmsg: CFunction;
  readonly send: CFunction;
  readonly socket: CFunction;
  readonly unlink: CFunction;
  readonly write: CFunction;
  /** An address. */
  malloc(byteLength: number): bigint;
  /** An address; -1 when it failed. */
  mmap(fd: number, byteLength: number): bigint;
  /** Memory at an address, without a copy. Nothing keeps it from going away. */
  view(address: bigint, byteLength: number): ArrayBuffer;
  /** Of the last call that failed. */
  errno(): number;
  /** A result that is no failure.
   *  @throws ChannelError that names the call and errno */
  check(result: number, call: string): number;
}

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
/** For numbers that a thread writes for ever, in koffi's spelling. */
const DECLARATIONS = {
  accept4: "int accept4(int, void *, void *, int)",
  bind: "int bind(int, void *, uint32_t)",
  close: "int close(int)",
  epollCreate: "int epoll_create1(int)",
  epollCtl: "int epoll_ctl(int, int, int, void *)",
  epollWait: "int epoll_wait(int, void *, int, int)",
  eventfd: "int eventfd(uint32_t, int)",
  fcntl: "int fcntl(int, int, int)",
  free: "void free(void *)",
  listen: "int listen(int, int)",
  lseek: "int64_t lseek(int, int64_t, int)",
  munmap: "int munmap(void *, uint64_t)",
  read: "int64_t read(int, void *, uint64_t)",
  recvmsg: "int64_t recvmsg(int, void *, int)",
  send: "int64_t send(int, void *, uint64_t, int)",
  socket: "int socket(int, int, int)",
  unlink: "int unlink(const char *)",
  write: "int64_t write(int, void *, uint64_t)",
} as const;

/** Loads the C library.
 *  @throws UnsupportedError without koffi, or where there is no Linux */
export async function loadLibc(): Promise<Libc> {
  const koffi = await loadKoffi();
  try {
    const library = koffi.load(null);
    const functions = Object.entries(DECLARATIONS).map(([name, text]) => [name, library.func(text)]);
    const malloc = library.func("void *malloc(uint64_t)") as (byteLength: number) => bigint;
    const mmap = library.func("void *mmap(void *, uint64_t, int, int, int, int64_t)") as (
      ...args: readonly (number | bigint | null)[]
    ) => bigint | null;
    return {
      ...(Object.fromEntries(functions) as Record<keyof typeof DECLARATIONS, CFunction>),
      malloc,
      mmap: (fd, byteLength) => BigInt.asIntN(64, mmap(null, byteLength, PROT_READ_WRITE, MAP_SHARED, fd, 0) ?? -1n),
      view: (address, byteLength) => koffi.view(address, byteLength),
      errno: () => koffi.errno(),
      check(result, call) {
        if (result >= 0) return result;
        throw new ChannelError(call, "closed", `errno ${koffi.errno()}`);
      },
    };
  } catch (cause) {
    throw new UnsupportedError("vhost-user", "the C library of Linux", "a system without some of its calls", { cause });
  }
}

async function loadKoffi(): Promise<Koffi> {
  try {
    const module = await import("koffi");
    return module.default as unknown as Koffi; // what is used of it, so that its types are nobody's business
  } catch (cause) {
    throw new UnsupportedError(
      "vhost-user",
      'the package "koffi", which Node needs to share memory with a guest: npm install koffi',
      "none that can be loaded",
      { cause },
    );
  }
}
