// The debug build: all exports of the core, and the inner functions that deserve tests of their own.

export {
  answer as areaAnswer,
  free as clearChannel,
  header as readHeader,
  isFree as channelFree,
  post as txPrepare,
} from "./area";
export { commandOf as headerCommandOf, pack as headerPack, token as headerToken, type as headerType } from "./header";
export * from "./index";
export { copy } from "./words";
