// The exports of the core: docs/abi.md section 2.

export { abiVersion } from "./abi";
export { abort, acquire, deliver, drain, poll, post, release, resetChannel, setDeadline, settle, tick } from "./agent";
export { exchange, run } from "./batch";
export { awaitAnswer, awaitCommand, ring } from "./doorbell";
export { openFastChannel, readFastChannel, writeFastChannel } from "./fastchannel";
export { attach, coreBytes, create, fork, reserve, restore } from "./map";
export { openChannel, openInstance, openState } from "./open";
export { sendP2a } from "./p2a";
export { publish, serve, serveStaged, stage } from "./platform";
