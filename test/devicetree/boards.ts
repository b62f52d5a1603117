import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A blob to test with. */
export interface Blob {
  readonly name: string;
  readonly bytes: Uint8Array;
}

function blobsIn(folder: string): readonly Blob[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".dtb"));
  return names.sort().map((name) => ({ name, bytes: new Uint8Array(readFileSync(`${folder}/${name}`)) }));
}

/** Blobs of real boards, where SCMI_BOARDS_DIR names a folder of them. */
export const GIVEN_BLOBS: readonly Blob[] = blobsIn(process.env.SCMI_BOARDS_DIR ?? "");

/** Blobs of our own boards, always there. */
export const OWN_BLOBS: readonly Blob[] = blobsIn(fileURLToPath(new URL("../../examples/boards", import.meta.url)));

/** All of them. */
export const BLOBS: readonly Blob[] = [...GIVEN_BLOBS, ...OWN_BLOBS];
