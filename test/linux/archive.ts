/** Executable files in an archive that a kernel unpacks at its start: "newc", as in its documentation of initramfs.
 *  @param files by path; their folders have to exist, or come with an archive before */
export function archive(files: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(files).map(([path, text]) => entry(path, 0o100755, text));
  const bytes = Buffer.from([...entries, entry("TRAILER!!!", 0, "")].join(""), "latin1");
  return Buffer.concat([bytes, Buffer.alloc(512 - (bytes.byteLength % 512))]);
}

function entry(path: string, mode: number, body: string): string {
  const fields = [0, mode, 0, 0, 1, 0, Buffer.byteLength(body), 0, 0, 0, 0, path.length + 1, 0];
  const head = `070701${fields.map((it) => it.toString(16).padStart(8, "0")).join("")}${path}\0`;
  return padded(head) + padded(body);
}

function padded(text: string): string {
  return text.padEnd(Math.ceil(text.length / 4) * 4, "\0");
}
