import * as layout from "../../assembly/layout.ts";
import type { MakeWorld, Stage, TransportWorld } from "../../src/compliance/index.ts";
import { describePlatform } from "../../src/core/describe.ts";
import { type LoopbackPort, loopback } from "../../src/transport/loopback.ts";

const PROTOCOLS = [
  { id: 0x10, version: 0x20000, messages: [0x1, 0x3, 0x4, 0x5, 0x6, 0x7] },
  { id: 0x14, version: 0x10000, messages: [0x1, 0x6] },
  { id: 0x80, version: 0x10000, messages: [0x1, 0x2] },
];
const HEADER_BYTES = 4;

/** A port whose platform is the scripted one: every command goes to the host, which answers it when it likes. */
class ScriptedPort implements LoopbackPort {
  readonly core;
  readonly instance: number;
  readonly a2p: number;
  readonly p2a: number;
  readonly maxPayload: number;
  onAnswer: (() => void) | undefined;
  onP2a: (() => void) | undefined;
  readonly #stage: Stage;
  readonly #scratch: number;
  readonly #far;
  readonly #claims = new Map<number, number>();
  readonly #p2aQueue: Uint8Array[] = [];
  #isSending = false;

  constructor(stage: Stage) {
    const { core, platform } = stage;
    this.#stage = stage;
    this.core = core;
    const description = describePlatform(core, {
      agents: 1,
      protocols: PROTOCOLS.map((it) => ({ ...it, messages: it.messages.map((id) => ({ id })) })),
    });
    this.instance = core.openInstance({ description, state: core.openState(description) });
    this.a2p = core.openChannel(this.instance);
    this.p2a = core.openChannel(this.instance, { p2a: true });
    this.maxPayload = core.maxPayloadOf(this.a2p);
    this.#scratch = core.reserve(HEADER_BYTES + this.maxPayload);
    this.#far = platform.connect({ send: (message) => this.#send(message) });
  }

  doorbell(): void {
    const { core } = this;
    const open = core.memory.u32(core.channelAt(this.a2p) + layout.CHANNEL_CLAIM); // of an exchange inside of the core
    const claim = open || core.serve(this.a2p, this.#stage.clock.now());
    if (claim === 0) this.onAnswer?.();
    if (claim <= 0) return;
    const at = core.claimAt(claim);
    const header = core.memory.u32(at + layout.CLAIM_HEADER);
    const byteLength = core.memory.u32(at + layout.CLAIM_REQUEST_BYTES);
    const message = new Uint8Array(HEADER_BYTES + byteLength);
    new DataView(message.buffer).setUint32(0, header, true);
    message.set(core.memory.bytes.subarray(at + layout.CLAIM_REQUEST, at + layout.CLAIM_REQUEST + byteLength), 4);
    this.#claims.set(header, claim);
    this.#far.receive(message);
  }

  p2aFreed(): void {
    this.#sendNext();
  }

  close(): void {
    this.#claims.clear();
    this.#p2aQueue.length = 0;
    this.core.resetChannel(this.a2p);
    this.core.resetChannel(this.p2a);
  }

  end(): void {
    this.#far.close();
  }

  #send(message: Uint8Array): void {
    const header = new DataView(message.buffer, message.byteOffset).getUint32(0, true);
    if ((header & layout.HEADER_TYPE_MASK) !== 0) {
      this.#p2aQueue.push(message.slice());
      this.#sendNext();
      return;
    }
    const claim = this.#claims.get(header) ?? [...this.#claims.values()][0];
    if (claim === undefined) return;
    this.#claims.clear();
    const { core } = this;
    const payload = message.subarray(HEADER_BYTES);
    core.memory.bytes.set(payload, core.replyAt(claim));
    core.stage(claim, Math.max(layout.STATUS_BYTES, payload.byteLength));
    core.publish(claim, this.#stage.clock.now());
    // What no correct platform would write
    const area = core.areaAt(this.a2p);
    core.memory.setU32(area + layout.SMT_HEADER, header);
    core.memory.setU32(area + layout.SMT_LENGTH, message.byteLength);
    this.onAnswer?.();
  }

  #sendNext(): void {
    if (this.#isSending || !this.onP2a) return;
    this.#isSending = true;
    while (this.#p2aQueue.length > 0 && this.#isP2aFree()) {
      const message = this.#p2aQueue.shift() as Uint8Array;
      const header = new DataView(message.buffer).getUint32(0, true);
      const at = this.core.base + this.#scratch;
      this.core.memory.bytes.set(message.subarray(HEADER_BYTES), at);
      this.core.sendP2a(this.p2a, header, at, message.byteLength - HEADER_BYTES, this.#stage.clock.now());
      this.onP2a();
    }
    this.#isSending = false;
  }

  #isP2aFree(): boolean {
    return (this.core.memory.u32(this.core.areaAt(this.p2a) + layout.SMT_STATUS) & layout.SMT_STATUS_FREE) !== 0;
  }
}

/** Loopback to the scripted platform. */
export const loopbackWorld: MakeWorld = (stage): TransportWorld => {
  const port = new ScriptedPort(stage);
  return {
    transport: loopback(port),
    leaks: () => ({ listeners: port.onAnswer || port.onP2a ? 1 : 0 }),
    spurious: () => port.onAnswer?.(),
    close: () => port.end(),
  };
};
