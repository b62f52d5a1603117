import {
  SCMI_PTA,
  SCMI_PTA_CAPS,
  SCMI_PTA_CAPS_MASK,
  SCMI_PTA_SMT_BYTES,
  SCMI_PTA_UUID,
  type TaCommand,
  TEE_LOGIN,
  TEE_RESULT,
} from "../tee/index.ts";
import { ScmiPtaChannel, type ScmiPtaChannelOptions } from "./scmi-pta-channel.ts";
import { startNow, type TaParam, type TrustedApp } from "./trusted-app.ts";

/** Defects of OP-TEE's own SCMI server, each by a name, for agents that have to live with them. None is there unless asked for. */
export type ScmiPtaQuirk =
  /** After an SMT message that was refused, the channel stays busy for ever: its claim is not given back on that path. */
  "staysBusyAfterRefusal";

/** How the SCMI PTA is made. */
export interface ScmiPtaOptions {
  readonly channels: readonly ScmiPtaChannelOptions[];
  /** What it says it can: {@link SCMI_PTA_CAPS}; default both. */
  readonly capabilities?: number;
  /** Which server is built in: OP-TEE's own, or SCP-firmware, which does not know `PROCESS_SMT_CHANNEL_MESSAGE`, gives the id for a
   *  handle, and says nothing about what became of a message. */
  readonly server?: "scmi-msg" | "scp-firmware";
  /** Longest payload of a command; default 92, the private buffer of OP-TEE's own server. */
  readonly maxRequestBytes?: number;
  readonly quirks?: readonly ScmiPtaQuirk[];
}

type Done = (result: number) => void;
/** What gives the command up; `undefined` where it is done. */
type Cancel = (() => void) | undefined;
type Command = (params: readonly TaParam[], done: Done) => Cancel;

const DEFAULT_MAX_REQUEST_BYTES = 92;
const ALIGNMENT = 4;
/** Header and status: the shortest answer. */
const LEAST_ANSWER_BYTES = 8;

/** OP-TEE's pseudo trusted application for SCMI, with the checks of the real one in their order. It keeps nothing about sessions: any
 *  session may use any channel, and a clash is the channel's to refuse. OP-TEE, `PTA-SCMI` */
export class ScmiPta implements TrustedApp {
  readonly uuid = SCMI_PTA_UUID;
  readonly isEnumerated = true;
  readonly #channels: readonly ScmiPtaChannel[];
  readonly #capabilities: number;
  readonly #isScp: boolean;
  readonly #commands: ReadonlyMap<number, { readonly types: number; readonly run: Command }>;

  /** @throws RangeError for an unknown agent of a platform */
  constructor(options: ScmiPtaOptions) {
    const { channels, capabilities = SCMI_PTA_CAPS_MASK, server = "scmi-msg", quirks = [] } = options;
    const { maxRequestBytes = DEFAULT_MAX_REQUEST_BYTES } = options;
    const traits = { maxRequestBytes, staysBusyAfterRefusal: quirks.includes("staysBusyAfterRefusal") };
    this.#isScp = server === "scp-firmware";
    this.#capabilities = capabilities;
    this.#channels = channels.map((channel) => {
      const { handle, ...rest } = channel;
      const isOwn = handle !== undefined && !this.#isScp;
      return new ScmiPtaChannel(isOwn ? channel : rest, traits);
    });
    const rows: readonly (readonly [TaCommand, Command])[] = [
      [SCMI_PTA.CAPABILITIES, at(([out]) => this.#capabilitiesOf(out))],
      [SCMI_PTA.PROCESS_SMT_CHANNEL, (params, done) => this.#processSmt(params, done)],
      [SCMI_PTA.PROCESS_SMT_CHANNEL_MESSAGE, (params, done) => this.#processSmtMessage(params, done)],
      [SCMI_PTA.GET_CHANNEL_HANDLE, at(([channel]) => this.#getChannel(channel))],
      [SCMI_PTA.PROCESS_MSG_CHANNEL, (params, done) => this.#processMsg(params, done)],
    ];
    this.#commands = new Map(rows.map(([{ id, types }, run]) => [id, { types, run }]));
  }

  openSession(login: number): number {
    if (login !== TEE_LOGIN.REE_KERNEL) return TEE_RESULT.ACCESS_DENIED;
    return this.#capabilities === 0 ? TEE_RESULT.NOT_SUPPORTED : TEE_RESULT.SUCCESS;
  }

  start(command: number, types: number, params: readonly TaParam[], done: (result: number) => void): () => void {
    const known = this.#commands.get(command);
    if (!known) return over(done, TEE_RESULT.NOT_SUPPORTED) ?? nothing;
    if (types !== known.types) return over(done, TEE_RESULT.BAD_PARAMETERS) ?? nothing;
    return known.run(params, done) ?? nothing;
  }

  run(command: number, types: number, params: readonly TaParam[]): number {
    return this.#serveNow(command, types, params) ?? startNow(this, command, types, params);
  }

  /** Messages of the platforms that had nowhere to go: OP-TEE has no way to an agent. */
  get undeliverable(): number {
    return this.#channels.reduce((sum, channel) => sum + channel.undeliverable, 0);
  }

  /** The platforms' agents are gone. */
  close(): void {
    for (const channel of this.#channels) channel.close();
  }

  #capabilitiesOf(out: TaParam | undefined): number {
    if (!out) return TEE_RESULT.BAD_PARAMETERS;
    out.a = this.#capabilities;
    out.b = 0;
    return TEE_RESULT.SUCCESS;
  }

  #getChannel(channel: TaParam | undefined): number {
    const { a: id = 0, b: wanted = 0 } = channel ?? {};
    if ((wanted & ~SCMI_PTA_CAPS_MASK) !== 0) return TEE_RESULT.BAD_PARAMETERS;
    if ((wanted & this.#capabilities) === 0) return TEE_RESULT.NOT_SUPPORTED;
    const found = this.#channels.find((it) => it.id === id);
    if (!found || !channel) return TEE_RESULT.BAD_PARAMETERS;
    channel.a = found.handle;
    return TEE_RESULT.SUCCESS;
  }

  #processSmt([handle]: readonly TaParam[], done: Done): Cancel {
    const channel = this.#byHandle(handle);
    if (!channel) return over(done, TEE_RESULT.BAD_PARAMETERS);
    if (!this.#has(SCMI_PTA_CAPS.SMT_HEADER)) return over(done, TEE_RESULT.NOT_SUPPORTED);
    // The real one asserts, or does nothing and says SUCCESS
    if (!channel.memory) return over(done, TEE_RESULT.BAD_PARAMETERS);
    return startSmt(channel, channel.memory, done);
  }

  #processSmtMessage([handle, message]: readonly TaParam[], done: Done): Cancel {
    const buffer = message?.buffer;
    if (buffer === undefined || buffer.byteLength < SCMI_PTA_SMT_BYTES) return over(done, TEE_RESULT.BAD_PARAMETERS);
    const channel = this.#byHandle(handle);
    if (!channel) return over(done, TEE_RESULT.BAD_PARAMETERS);
    if (!this.#has(SCMI_PTA_CAPS.SMT_HEADER) || this.#isScp) return over(done, TEE_RESULT.NOT_SUPPORTED);
    return startSmt(channel, { bytes: buffer }, done);
  }

  #processMsg([handle, request, response]: readonly TaParam[], done: Done): Cancel {
    const [from, into] = [request?.buffer, response?.buffer];
    if (!from || !into || !response) return over(done, TEE_RESULT.BAD_PARAMETERS);
    if (!this.#has(SCMI_PTA_CAPS.MSG_HEADER)) return over(done, TEE_RESULT.NOT_SUPPORTED);
    const channel = this.#byHandle(handle);
    if (!channel) return over(done, TEE_RESULT.BAD_PARAMETERS);
    const trouble = troubleWith(channel, from, into);
    if (trouble !== TEE_RESULT.SUCCESS) {
      if (trouble === TEE_RESULT.SHORT_BUFFER) response.size = LEAST_ANSWER_BYTES;
      return over(done, this.#isScp ? TEE_RESULT.SUCCESS : trouble);
    }
    let isCancelled = false;
    channel.startMsg(from, into, (answerBytes) => {
      response.size = answerBytes;
      const none = isCancelled ? TEE_RESULT.CANCEL : TEE_RESULT.COMMUNICATION;
      done(answerBytes > 0 ? TEE_RESULT.SUCCESS : none);
    });
    return () => {
      isCancelled = true;
      channel.cancel();
    };
  }

  /** Ordinary messages to a platform that answers where they lie; the result. For anything else `undefined`, and nothing is done. */
  #serveNow(command: number, types: number, params: readonly TaParam[]): number | undefined {
    const { PROCESS_MSG_CHANNEL, PROCESS_SMT_CHANNEL, PROCESS_SMT_CHANNEL_MESSAGE } = SCMI_PTA;
    const channel = this.#byHandle(params[0]);
    if (!channel) return undefined;
    if (command === PROCESS_MSG_CHANNEL.id && types === PROCESS_MSG_CHANNEL.types) {
      return this.#has(SCMI_PTA_CAPS.MSG_HEADER) ? serveMsgNow(channel, params[1]?.buffer, params[2]) : undefined;
    }
    if (!this.#has(SCMI_PTA_CAPS.SMT_HEADER)) return undefined;
    if (command === PROCESS_SMT_CHANNEL.id && types === PROCESS_SMT_CHANNEL.types) return channel.serveStatic();
    const buffer = params[1]?.buffer;
    const isArea = buffer !== undefined && buffer.byteLength >= SCMI_PTA_SMT_BYTES && !this.#isScp;
    const isShared = command === PROCESS_SMT_CHANNEL_MESSAGE.id && types === PROCESS_SMT_CHANNEL_MESSAGE.types;
    return isArea && isShared ? channel.serveShared(buffer) : undefined;
  }

  #byHandle(param: TaParam | undefined): ScmiPtaChannel | undefined {
    for (const channel of this.#channels) if (channel.handle === param?.a) return channel;
    return undefined;
  }

  #has(capability: number): boolean {
    return (this.#capabilities & capability) !== 0;
  }
}

/** A command that is done when its function returns. */
function at(run: (params: readonly TaParam[]) => number): Command {
  return (params, done) => over(done, run(params));
}

function over(done: Done, result: number): undefined {
  done(result);
}

function nothing(): void {}

/** The PTA's success says nothing about an SMT message: that is in its area. */
function startSmt(channel: ScmiPtaChannel, memory: { readonly bytes: Uint8Array }, done: Done): Cancel {
  let isCancelled = false;
  channel.startSmt(memory, () => done(isCancelled ? TEE_RESULT.CANCEL : TEE_RESULT.SUCCESS));
  return () => {
    isCancelled = true;
    channel.cancel();
  };
}

function serveMsgNow(
  channel: ScmiPtaChannel,
  request: Uint8Array | undefined,
  response: TaParam | undefined,
): number | undefined {
  const into = response?.buffer;
  if (!request || !response || !into) return undefined;
  const answerBytes = channel.serveMsg(request, into);
  if (answerBytes === undefined) return undefined;
  response.size = answerBytes;
  return answerBytes > 0 ? TEE_RESULT.SUCCESS : TEE_RESULT.COMMUNICATION;
}

function troubleWith(channel: ScmiPtaChannel, request: Uint8Array, response: Uint8Array): number {
  const isAligned = request.byteOffset % ALIGNMENT === 0 && response.byteOffset % ALIGNMENT === 0;
  const isLongEnough = response.byteLength >= ALIGNMENT;
  if (!channel.accepts(request.byteLength) || !isLongEnough || !isAligned) return TEE_RESULT.BAD_PARAMETERS;
  if (channel.isBusy) return TEE_RESULT.BUSY;
  // The real one writes 8 bytes all the same
  return response.byteLength < LEAST_ANSWER_BYTES ? TEE_RESULT.SHORT_BUFFER : TEE_RESULT.SUCCESS;
}
