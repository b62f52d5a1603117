import type { CallOptions, PlatformIdentity, ProtocolHandle, Watch, WatchOptions } from "../agent/handle.ts";
import type { Protocol } from "../wire/protocol.ts";
import {
  BaseDiscoverAgent,
  BaseDiscoverImplementationVersion,
  BaseDiscoverListProtocols,
  BaseDiscoverSubVendor,
  BaseDiscoverVendor,
  BaseErrorEvent,
  BaseNotifyErrors,
  BaseProtocolAttributes,
  BaseResetAgentConfiguration,
  BaseSetDevicePermissions,
  BaseSetProtocolPermissions,
  baseProtocol,
  OWN_AGENT_ID,
} from "./base.ts";

/** `PROTOCOL_ATTRIBUTES` of Base. */
export interface BaseAttributes {
  /** Protocols besides Base. */
  readonly protocolCount: number;
  /** Agents besides the platform; 0 = agents cannot be discovered. */
  readonly agentCount: number;
}

/** What `BASE_DISCOVER_AGENT` answers. */
export interface DiscoveredAgent {
  /** `undefined` from a platform with Base 1.0, when our own id was asked for. */
  readonly agentId: number | undefined;
  readonly name: string;
}

/** `BASE_ERROR_EVENT` */
export interface BaseErrorReport {
  /** Whose commands failed; 0 where agents cannot be discovered. */
  readonly agentId: number;
  /** The platform cannot go on. */
  readonly isFatal: boolean;
  /** The header of each failed command, and its status. */
  readonly reports: readonly { readonly header: number; readonly status: number }[];
}

/** Base, the agent's side: who the platform is, and who may do what. `agent.platform` has the answers of its discovery at hand.
 *  DEN0056, Base protocol */
export class Base {
  /** The message table. */
  static readonly table: Protocol = baseProtocol;
  readonly #handle: ProtocolHandle;

  constructor(handle: ProtocolHandle) {
    this.#handle = handle;
  }

  /** Version word in use. */
  get version(): number {
    return this.#handle.version;
  }

  /** What was learned when the agent opened. */
  get platform(): PlatformIdentity {
    return this.#handle.platform;
  }

  /** `PROTOCOL_ATTRIBUTES`: counts of protocols and agents. DEN0056, Base `PROTOCOL_ATTRIBUTES` */
  getAttributes(options?: CallOptions): Promise<BaseAttributes> {
    return this.#handle.call(BaseProtocolAttributes, {}, options, (it) => it.attributes);
  }

  /** `BASE_DISCOVER_VENDOR`: who made the platform. DEN0056, `BASE_DISCOVER_VENDOR` */
  discoverVendor(options?: CallOptions): Promise<string> {
    return this.#handle.call(BaseDiscoverVendor, {}, options, (it) => it.vendorIdentifier);
  }

  /** `BASE_DISCOVER_SUB_VENDOR`: whose part of the platform it is. DEN0056, `BASE_DISCOVER_SUB_VENDOR`
   *  @throws StatusError `NOT_SUPPORTED` or `NOT_FOUND` where there is none */
  discoverSubVendor(options?: CallOptions): Promise<string> {
    return this.#handle.call(BaseDiscoverSubVendor, {}, options, (it) => it.vendorIdentifier);
  }

  /** `BASE_DISCOVER_IMPLEMENTATION_VERSION`: a number in the vendor's own format. DEN0056, `BASE_DISCOVER_IMPLEMENTATION_VERSION` */
  discoverImplementationVersion(options?: CallOptions): Promise<number> {
    return this.#handle.call(BaseDiscoverImplementationVersion, {}, options, (it) => it.implementationVersion);
  }

  /** `BASE_DISCOVER_LIST_PROTOCOLS`: the ids of the protocols that this agent may use now, Base excepted.
   *  DEN0056, `BASE_DISCOVER_LIST_PROTOCOLS`
   *  @throws MessageError when there are more than `PROTOCOL_ATTRIBUTES` says */
  async discoverProtocols(options?: CallOptions): Promise<readonly number[]> {
    const { protocolCount: total } = await this.getAttributes(options);
    const found: number[] = [];
    const parts = this.#handle.multiPart(BaseDiscoverListProtocols, { skip: 0 }, { ...options, total });
    for await (const { protocols } of parts) found.push(...protocols);
    return found;
  }

  /** `BASE_DISCOVER_AGENT`: the name of an agent; 0 = the platform. DEN0056, `BASE_DISCOVER_AGENT`
   *  @param agentId default: our own, which a platform knows from Base 2.0 on
   *  @throws StatusError `NOT_FOUND` for an agent that does not exist */
  discoverAgent(agentId: number = OWN_AGENT_ID, options?: CallOptions): Promise<DiscoveredAgent> {
    const asked = agentId === OWN_AGENT_ID ? undefined : agentId;
    return this.#handle.call(BaseDiscoverAgent, { agentId }, options, ({ agentId: id = asked, name }) => ({
      agentId: id,
      name,
    }));
  }

  /** `BASE_NOTIFY_ERRORS`: watches `BASE_ERROR_EVENT`. DEN0056, `BASE_NOTIFY_ERRORS` */
  watchErrors(options?: WatchOptions): Watch<BaseErrorReport> {
    return this.#handle.watch(BaseErrorEvent, options, toReport);
  }

  /** `BASE_NOTIFY_ERRORS`, by hand: for platforms whose events are read elsewhere. {@link watchErrors} does it by itself.
   *  DEN0056, `BASE_NOTIFY_ERRORS` */
  notifyErrors(isOn: boolean, options?: CallOptions): Promise<void> {
    return this.#handle.call(BaseNotifyErrors, { notifyEnable: isOn }, options, ignore);
  }

  /** `BASE_SET_DEVICE_PERMISSIONS`: lets an agent use a device, or not. DEN0056B, `BASE_SET_DEVICE_PERMISSIONS`
   *  @throws StatusError `DENIED` unless this agent is trusted, `NOT_FOUND` for an unknown agent or device
   *  @throws UnsupportedError before Base 2.0 */
  setDevicePermissions(
    agentId: number,
    deviceId: number,
    access: "allow" | "deny",
    options?: CallOptions,
  ): Promise<void> {
    const values = { agentId, deviceId, flags: { allow: access === "allow" } };
    return this.#handle.call(BaseSetDevicePermissions, values, options, ignore);
  }

  /** `BASE_SET_PROTOCOL_PERMISSIONS`: lets an agent use a protocol on a device, or not. DEN0056B, `BASE_SET_PROTOCOL_PERMISSIONS`
   *  @throws StatusError `DENIED` unless this agent is trusted, `NOT_FOUND` for an unknown agent or device, and for a protocol that the
   *  device has not
   *  @throws UnsupportedError before Base 2.0 */
  setProtocolPermissions(
    agentId: number,
    deviceId: number,
    protocolId: number,
    access: "allow" | "deny",
    options?: CallOptions,
  ): Promise<void> {
    const values = { agentId, deviceId, protocolId, flags: { allow: access === "allow" } };
    return this.#handle.call(BaseSetProtocolPermissions, values, options, ignore);
  }

  /** `BASE_RESET_AGENT_CONFIGURATION`: puts an agent's settings back to their defaults; its notifications are off then, so watches of
   *  the agent that is reset have to be opened anew. Some firmware does not answer an agent that resets itself: expect a `DeadlineError`
   *  and go on. DEN0056B, `BASE_RESET_AGENT_CONFIGURATION`
   *  @param options `resetPermissions`: its permissions, too
   *  @throws StatusError `DENIED` for another agent unless this one is trusted
   *  @throws UnsupportedError before Base 2.0 */
  resetAgentConfiguration(
    agentId: number,
    options?: CallOptions & { readonly resetPermissions?: boolean },
  ): Promise<void> {
    const values = { agentId, flags: { resetPermissions: options?.resetPermissions ?? false } };
    return this.#handle.call(BaseResetAgentConfiguration, values, options, ignore);
  }
}

interface ErrorEvent {
  readonly agentId: number;
  readonly errorStatus: { readonly isFatal: boolean };
  readonly reports: BaseErrorReport["reports"];
}

function toReport({ agentId, errorStatus: { isFatal }, reports }: ErrorEvent): BaseErrorReport {
  return { agentId, isFatal, reports };
}

function ignore(): void {}
