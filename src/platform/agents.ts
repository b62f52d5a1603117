import type { Protocol } from "../wire/protocol.ts";

/** A way that messages take between an agent and the platform. */
export interface Connection {
  readonly agent: AgentState;
  /** Largest payload in bytes. */
  readonly maxPayload: number;
  /** The SCMI instance of the core behind it. */
  readonly instance: number;
  /** The platform can send of its own accord: notifications and delayed responses. */
  readonly hasP2a: boolean;
  /** Sends a notification; it may get lost. `payload` is the callee's to keep. */
  sendNotification(header: number, payload: Uint8Array): void;
  /** Sends a delayed response, sooner or later. */
  sendDelayed(header: number, payload: Uint8Array): void;
  /** The agent is gone. */
  close(): void;
}

/** What the platform keeps about one agent. */
export class AgentState {
  readonly id: number;
  readonly name: string;
  readonly isTrusted: boolean;
  readonly connections = new Set<Connection>();
  /** Versions agreed on, by protocol id. */
  readonly negotiated = new Map<number, number>();
  readonly #subscriptions = new Set<number>();

  constructor(id: number, name: string, isTrusted: boolean) {
    this.id = id;
    this.name = name;
    this.isTrusted = isTrusted;
  }

  /** Switches a notification of one resource on or off. */
  subscribe(protocol: Protocol, notificationId: number, resource: number, isEnabled: boolean): void {
    const key = keyOf(protocol.id, notificationId, resource);
    if (isEnabled) this.#subscriptions.add(key);
    else this.#subscriptions.delete(key);
  }

  /** Whether a notification of one resource is switched on. */
  isSubscribed(protocol: Protocol, notificationId: number, resource: number): boolean {
    return this.#subscriptions.has(keyOf(protocol.id, notificationId, resource));
  }

  /** Whether a notification is switched on for any resource. */
  isSubscribedToAny(protocol: Protocol, notificationId: number): boolean {
    const first = keyOf(protocol.id, notificationId, 0);
    for (const key of this.#subscriptions) if (key >= first && key < first + RESOURCES) return true;
    return false;
  }

  /** As it was when the agent started. */
  forgetSettings(): void {
    this.#subscriptions.clear();
    this.negotiated.clear();
  }
}

const RESOURCES = 0x10000;

function keyOf(protocolId: number, notificationId: number, resource: number): number {
  return (protocolId * 0x100 + notificationId) * RESOURCES + resource;
}
