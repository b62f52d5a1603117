import type { CallOptions, ProtocolHandle, Watch, WatchOptions } from "../agent/handle.ts";
import type { Protocol } from "../wire/protocol.ts";
import { contradiction } from "./contradiction.ts";
import { orElse } from "./refusal.ts";
import {
  COLD_RESET,
  RESET_LATENCY_UNKNOWN,
  ResetCommand,
  ResetDomainAttributes,
  ResetDomainNameGet,
  ResetIssued,
  ResetProtocolAttributes,
  type ResetState,
  resetProtocol,
} from "./reset.ts";

/** `PROTOCOL_ATTRIBUTES` of the reset domain protocol. */
export interface ResetProtocolInfo {
  readonly domainCount: number;
}

/** `RESET_DOMAIN_ATTRIBUTES` */
export interface ResetDomainAttributeInfo {
  readonly attributes: { readonly async: boolean; readonly notify: boolean; readonly extendedName: boolean };
  /** Worst case in microseconds, as the platform said it. */
  readonly latencyUs: number;
  /** At most 15 characters. */
  readonly name: string;
}

/** All that does not change about a reset domain. */
export interface ResetDomainInfo {
  readonly domainId: number;
  /** The long name where there is one. */
  readonly name: string;
  /** The longest that a reset takes, in microseconds; `undefined` where the platform does not say. */
  readonly latencyUs: number | undefined;
  /** Can be reset without holding the channel meanwhile. */
  readonly isAsync: boolean;
  readonly notifiesIssued: boolean;
}

/** How a domain is reset. */
export interface ResetOptions extends CallOptions {
  /** Default: the cold reset. */
  readonly state?: ResetState;
}

/** `RESET_ISSUED` */
export interface ResetEvent {
  /** Whose request it was; 0 = the platform. Our own come back, too. */
  readonly agentId: number;
  readonly domainId: number;
  readonly resetState: ResetState;
}

/** Reset domains, the agent's side. DEN0056, reset domain management protocol */
export class Reset {
  /** The message table. */
  static readonly table: Protocol = resetProtocol;
  readonly #handle: ProtocolHandle;
  readonly #infos = new Map<number, ResetDomainInfo>();
  #attributes: ResetProtocolInfo | undefined;

  constructor(handle: ProtocolHandle) {
    this.#handle = handle;
  }

  /** Version word in use. */
  get version(): number {
    return this.#handle.version;
  }

  /** `PROTOCOL_ATTRIBUTES`: number of domains; asked once. DEN0056, Reset `PROTOCOL_ATTRIBUTES` */
  async getProtocolAttributes(options?: CallOptions): Promise<ResetProtocolInfo> {
    this.#attributes ??= await this.#handle.call(ResetProtocolAttributes, {}, options, (it) => it.attributes);
    return this.#attributes;
  }

  /** `RESET_DOMAIN_ATTRIBUTES`: what a domain can. DEN0056B, `RESET_DOMAIN_ATTRIBUTES`
   *  @throws StatusError `NOT_FOUND` for a domain that this agent has not */
  getAttributes(domainId: number, options?: CallOptions): Promise<ResetDomainAttributeInfo> {
    return this.#handle.call(ResetDomainAttributes, { domainId }, options);
  }

  /** Everything that does not change about a domain: attributes and long name; gathered once.
   *  @throws StatusError `NOT_FOUND` for a domain that this agent has not */
  async describe(domainId: number, options?: CallOptions): Promise<ResetDomainInfo> {
    const known = this.#infos.get(domainId);
    if (known) return known;
    const { attributes, latencyUs, name } = await this.getAttributes(domainId, options);
    const info: ResetDomainInfo = {
      domainId,
      name: attributes.extendedName ? await orElse(this.getName(domainId, options), name) : name,
      latencyUs: RESET_LATENCY_UNKNOWN.includes(latencyUs) ? undefined : latencyUs,
      isAsync: attributes.async,
      notifiesIssued: attributes.notify,
    };
    this.#infos.set(domainId, info);
    return info;
  }

  /** {@link describe} for every domain that there is. A numbering may have holes. */
  async describeAll(options?: CallOptions): Promise<readonly ResetDomainInfo[]> {
    const { domainCount } = await this.getProtocolAttributes(options);
    const infos: ResetDomainInfo[] = [];
    for (let domainId = 0; domainId < domainCount; domainId++) {
      const info = await orElse(this.describe(domainId, options), undefined);
      if (info) infos.push(info);
    }
    return infos;
  }

  /** `RESET`, autonomous: the platform asserts, waits and deasserts; resolves when that is done. DEN0056B, `RESET`
   *  @throws StatusError `INVALID_PARAMETERS` for a state that the domain has not, `DENIED` when this agent may not reset it,
   *  `GENERIC_ERROR` while others use it */
  reset(domainId: number, options?: ResetOptions): Promise<void> {
    const flags = { autonomous: true, assert: false, async: false };
    return this.#handle.call(
      ResetCommand,
      { domainId, flags, resetState: options?.state ?? COLD_RESET },
      options,
      ignore,
    );
  }

  /** `RESET`, autonomous and asynchronous: resets without holding the channel meanwhile, and resolves when `RESET_COMPLETE` says that it
   *  is done. A domain that cannot is reset in the ordinary way. DEN0056B, `RESET`
   *  @throws StatusError as {@link reset}, also from the delayed response
   *  @throws DeadlineError "delayedResponse" when that does not come */
  async resetAsync(domainId: number, options?: ResetOptions): Promise<void> {
    const { isAsync } = await this.describe(domainId, options);
    if (!isAsync || !this.#handle.canNotify) return this.reset(domainId, options);
    const flags = { autonomous: true, assert: false, async: true };
    const values = { domainId, flags, resetState: options?.state ?? COLD_RESET };
    const complete = await this.#handle.callAsync(ResetCommand, values, options);
    if (complete.domainId !== domainId)
      throw contradiction("RESET_COMPLETE", "delayedResponse.domainId", 4, domainId, complete.domainId);
  }

  /** `RESET`, explicit: asserts the reset signal of a domain; it stays so until {@link deassert}. DEN0056B, `RESET`
   *  @throws StatusError `NOT_SUPPORTED` for a domain whose signal the platform keeps to itself, else as {@link reset} */
  assert(domainId: number, options?: CallOptions): Promise<void> {
    return this.#signal(domainId, true, options);
  }

  /** `RESET`, explicit: deasserts the reset signal of a domain. DEN0056B, `RESET`
   *  @throws StatusError as {@link assert} */
  deassert(domainId: number, options?: CallOptions): Promise<void> {
    return this.#signal(domainId, false, options);
  }

  /** `RESET_DOMAIN_NAME_GET`: the long name of a domain. DEN0056D, `RESET_DOMAIN_NAME_GET`
   *  @throws StatusError `NOT_SUPPORTED` where there is none
   *  @throws UnsupportedError before version 3.0 */
  getName(domainId: number, options?: CallOptions): Promise<string> {
    return this.#handle.call(ResetDomainNameGet, { domainId }, options, (it) => it.name);
  }

  /** `RESET_NOTIFY`: watches `RESET_ISSUED` of some domains. Firmware may say a reset more than once. DEN0056B, `RESET_NOTIFY`
   *  @param domainIds one or several; all that the platform tells of unless said. Of several, one success is enough */
  watchResets(domainIds?: number | readonly number[], options?: WatchOptions): Watch<ResetEvent> {
    return this.#handle.watch(ResetIssued, { ...options, ...this.#sources(domainIds) });
  }

  #sources(domainIds: number | readonly number[] | undefined) {
    if (typeof domainIds === "number") return { sources: [domainIds] };
    if (domainIds) return { sources: domainIds };
    const all = async () => {
      const infos = await this.describeAll();
      return infos.filter(({ notifiesIssued }) => notifiesIssued).map(({ domainId }) => domainId);
    };
    return { sources: all, isAll: true };
  }

  #signal(domainId: number, assert: boolean, options: CallOptions | undefined): Promise<void> {
    const flags = { autonomous: false, assert, async: false };
    return this.#handle.call(ResetCommand, { domainId, flags, resetState: COLD_RESET }, options, ignore);
  }
}

function ignore(): void {}
