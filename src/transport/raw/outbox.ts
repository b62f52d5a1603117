import { ChannelError, UnsupportedError } from "../../errors.ts";
import { codeOf, type RawFile, type RawFiles } from "./files.ts";
import { type RawInstance, refusal } from "./instances.ts";

/** Files that commands are written to; the file says what the kernel is to wait for. */
export interface RawOutFiles {
  /** For commands with a response only. */
  readonly message: RawFile;
  /** For commands whose delayed response is awaited, too. */
  readonly messageAsync: RawFile;
}

/** Opens the files for commands.
 *  @param isPolled the kernel is to look for responses by itself, whatever interrupts there are
 *  @param own owns what was opened */
export function openOutFiles(
  files: RawFiles,
  { folder, names }: RawInstance,
  isPolled: boolean,
  own: (file: RawFile) => void,
): RawOutFiles {
  const suffix = isPolled ? "_poll" : "";
  if (isPolled && !names.includes("message_poll")) {
    throw new UnsupportedError("raw mode", `${folder}/message_poll, which needs Linux 6.16 or newer`, "no such file");
  }
  const open = (name: string) => {
    const file = openRaw(files, `${folder}/${name}`, "write");
    own(file);
    return file;
  };
  return { message: open(`message${suffix}`), messageAsync: open(`message${suffix}_async`) };
}

/** Opens a file, or says what is missing. */
export function openRaw(files: RawFiles, path: string, direction: "read" | "write"): RawFile {
  try {
    return files.open(path, direction);
  } catch (cause) {
    throw refusal(path, cause);
  }
}

/** A command that the kernel has no room for yet. */
interface Waiting {
  readonly file: RawFile;
  readonly message: Uint8Array;
}

/** Commands on their way into the kernel, in order. Its message buffers are few, and shared with its own drivers and with commands
 *  whose delayed response is due: whoever finds none waits for the next look. */
export class RawOutbox {
  readonly #most: number;
  readonly #waiting: Waiting[] = [];

  /** @param most commands that may wait */
  constructor(most: number) {
    this.#most = most;
  }

  /** Writes a command, or lets it wait; then it is copied.
   *  @throws ChannelError when the kernel did not send it, or too many wait */
  send(file: RawFile, message: Uint8Array): void {
    if (this.#waiting.length === 0 && write(file, message)) return;
    if (this.#waiting.length >= this.#most) {
      throw new ChannelError("raw", "busy", `${this.#waiting.length} commands wait for room in the kernel`);
    }
    this.#waiting.push({ file, message: message.slice() });
  }

  /** Tries again what waits.
   *  @throws ChannelError when the kernel did not send it; it waits no longer */
  retry(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      let isWritten = true;
      try {
        isWritten = write(next.file, next.message);
      } finally {
        if (isWritten) this.#waiting.shift();
      }
      if (!isWritten) return;
    }
  }
}

/** False when there is no room.
 *  @throws ChannelError when the kernel did not send it */
function write(file: RawFile, message: Uint8Array): boolean {
  try {
    file.write(message);
    return true;
  } catch (cause) {
    const code = codeOf(cause);
    if (code === "ENOMEM" || code === "EAGAIN") return false;
    if (code === "ENOSPC") throw new ChannelError("raw", "payloadTooLong", `${message.byteLength} bytes`, { cause });
    if (code === "EBUSY") throw new ChannelError("raw", "busy", "another command has its token", { cause });
    const detail = code === "EINVAL" ? "EINVAL; can its transport be polled?" : (code ?? String(cause));
    throw new ChannelError("raw", "undelivered", detail, { cause });
  }
}
