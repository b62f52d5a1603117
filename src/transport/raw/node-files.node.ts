import { closeSync, constants, openSync, readdirSync, readFileSync, readSync, writeSync } from "node:fs";
import { codeOf, type RawFile, type RawFiles } from "./files.ts";

/** The files of this machine. */
export const nodeFiles: RawFiles = {
  list: (path) => readdirSync(path),
  readText: (path) => readFileSync(path, "latin1"),
  open: (path, direction) => openFile(path, direction),
};

function openFile(path: string, direction: "read" | "write"): RawFile {
  // Never waits: a thread of Node that waits in read(2) cannot be called back, and keeps the process from ending.
  const mode = direction === "read" ? constants.O_RDONLY : constants.O_WRONLY;
  const descriptor = openSync(path, mode | constants.O_NONBLOCK);
  return {
    read(into) {
      try {
        return readSync(descriptor, into);
      } catch (reason) {
        if (codeOf(reason) === "EAGAIN") return undefined;
        throw reason;
      }
    },
    write(bytes) {
      // The kernel knows from the first part how much follows.
      for (let at = 0; at < bytes.byteLength; ) at += writeSync(descriptor, bytes, at, bytes.byteLength - at);
    },
    close: () => closeSync(descriptor),
  };
}
