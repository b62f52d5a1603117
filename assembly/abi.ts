import { ABI_VERSION } from "./layout";

export function abiVersion(): i32 {
  return ABI_VERSION;
}
