/** The entry point `scmi-wasm/firmware`: the far ends of transports, where a platform of `scmi-wasm/platform` answers.
 *  @module */

export type { ByteStream, ByteStreamListener } from "../stream/byte-stream.ts";
export { type NodeDuplex, nodeStream } from "../stream/node-stream.ts";
export { type StreamPairOptions, streamPair } from "../stream/stream-pair.ts";
export { type WebSocketLike, webSocketStream } from "../stream/web-socket.ts";
export { type WebDuplex, webStream } from "../stream/web-stream.ts";
export { coreMemory } from "./core-memory.ts";
export {
  type MailboxChannel,
  type MailboxClient,
  MailboxController,
  type MailboxControllerOptions,
  type MailboxMode,
  type MailboxPeer,
} from "./mailbox-controller.ts";
export { type MailboxAreas, type MailboxEnds, serveMailbox } from "./mailbox-platform.ts";
export type { MessageEnd, MessagePlatform } from "./message-platform.ts";
export { SimulatedOptee, type SimulatedOpteeOptions } from "./optee.ts";
export type {
  OpteeCall,
  OpteeFault,
  OpteeInterference,
  OpteeLeaks,
  OpteeOperation,
} from "./optee-system.ts";
export { ScmiPta, type ScmiPtaOptions, type ScmiPtaQuirk } from "./scmi-pta.ts";
export type { ScmiPtaChannelOptions } from "./scmi-pta-channel.ts";
export { ScmiQueues, type ScmiQueuesCounters, type ScmiQueuesOptions } from "./scmi-queues.ts";
export { type ByteMemory, SharedMemory, type SharedMemoryMapping, type SmtArea } from "./shared-memory.ts";
export {
  InterruptLine,
  SMC_NOT_SUPPORTED,
  type SmcArea,
  SmcConduit,
  type SmcFunction,
  type SmcVariant,
  serveSmc,
} from "./smc-conduit.ts";
export {
  type ConnectServer,
  type MessageServer,
  type P2aOptions,
  SmtServer,
  type SmtServerCounters,
  type SmtServerOptions,
} from "./smt-server.ts";
export type { StreamClient } from "./stream-client.ts";
export type { StreamCounters, StreamOutcome, StreamServerCounters } from "./stream-counters.ts";
export { type StreamPlatform, StreamServer, type StreamServerOptions } from "./stream-server.ts";
export type { TaParam, TrustedApp } from "./trusted-app.ts";
export { VIRTIO_SCMI_FEATURES, VirtioScmiDevice, type VirtioScmiDeviceOptions } from "./virtio-device.ts";
