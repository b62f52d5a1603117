/** The signed status codes of SCMI by their spec names. DEN0056, status codes; `IN_USE` since SCMI 3.2 (pin control),
 *  `PARTIAL_ERROR` since SCMI 4.0 (telemetry). */
export const STATUS = {
  SUCCESS: 0,
  NOT_SUPPORTED: -1,
  INVALID_PARAMETERS: -2,
  DENIED: -3,
  NOT_FOUND: -4,
  OUT_OF_RANGE: -5,
  BUSY: -6,
  COMMS_ERROR: -7,
  GENERIC_ERROR: -8,
  HARDWARE_ERROR: -9,
  PROTOCOL_ERROR: -10,
  IN_USE: -11,
  PARTIAL_ERROR: -12,
} as const;

/** A status that the specification names. */
export type StatusName = keyof typeof STATUS;

/** What {@link statusName} can answer: besides the named ones `VENDOR` for -128 and below, and `RESERVED` for everything
 *  that no specification gives a meaning, positive values included. */
export type StatusLabel = StatusName | "RESERVED" | "VENDOR";

/** The greatest status that is vendor specific; all below it are, too. */
export const STATUS_VENDOR_FIRST = -128;

/** The errno values of Linux that this package uses, by name. */
export const ERRNO = {
  ENOENT: 2,
  EIO: 5,
  EACCES: 13,
  EBUSY: 16,
  EINVAL: 22,
  ERANGE: 34,
  ECOMM: 70,
  EPROTO: 71,
  EOPNOTSUPP: 95,
  ETIMEDOUT: 110,
  EREMOTEIO: 121,
} as const;

/** Name of an errno of Linux; {@link ERRNO} has the numbers. */
export type ErrnoName = keyof typeof ERRNO;

const NAME_BY_STATUS: ReadonlyMap<number, StatusName> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries(STATUS).map(([name, status]) => [status, name as StatusName]),
);

const ERRNO_BY_STATUS: ReadonlyMap<number, ErrnoName> = /* @__PURE__ */ new Map<number, ErrnoName>([
  [STATUS.NOT_SUPPORTED, "EOPNOTSUPP"],
  [STATUS.INVALID_PARAMETERS, "EINVAL"],
  [STATUS.DENIED, "EACCES"],
  [STATUS.NOT_FOUND, "ENOENT"],
  [STATUS.OUT_OF_RANGE, "ERANGE"],
  [STATUS.BUSY, "EBUSY"],
  [STATUS.COMMS_ERROR, "ECOMM"],
  [STATUS.GENERIC_ERROR, "EIO"],
  [STATUS.HARDWARE_ERROR, "EREMOTEIO"],
  [STATUS.PROTOCOL_ERROR, "EPROTO"],
]);

/** Names a signed status word.
 *  @param status signed, so -3 and not 0xfffffffd */
export function statusName(status: number): StatusLabel {
  return NAME_BY_STATUS.get(status) ?? (status <= STATUS_VENDOR_FIRST ? "VENDOR" : "RESERVED");
}

/** The errno that the SCMI stack of Linux returns for a status; `undefined` for `SUCCESS`.
 *  Linux maps only 0 to -10 and makes EIO of the rest, `IN_USE` included (Zephyr has EBUSY there). */
export function statusErrno(status: number): ErrnoName | undefined {
  return status === STATUS.SUCCESS ? undefined : (ERRNO_BY_STATUS.get(status) ?? "EIO");
}

/** The base of all errors of this package: one class for each decision a caller makes. `code` is API, `message` is not.
 *  A caller's own bug is a `TypeError` or `RangeError` instead, and an aborted signal's reason is rethrown untouched. */
export abstract class ScmiError extends Error {
  /** Stable and unique for each class. */
  abstract readonly code: string;
}

/** Which message a status answers: the fields of its header. */
export interface StatusDetails {
  /** Header bits 17:10. */
  readonly protocolId: number;
  /** Header bits 7:0. */
  readonly messageId: number;
  /** Header bits 27:18. */
  readonly token: number;
}

/** The platform answered, and its status is not `SUCCESS`. */
export class StatusError extends ScmiError {
  // Literal names throughout: class names do not survive minifiers.
  override readonly name = "StatusError";
  readonly code = "SCMI_STATUS";
  /** As on the wire, signed. */
  readonly status: number;
  /** The status by its spec name. */
  readonly statusName: StatusLabel;
  /** What Linux would return for it. */
  readonly errno: ErrnoName;
  /** Header bits 17:10 of the answered command. */
  readonly protocolId: number;
  /** Header bits 7:0 of the answered command. */
  readonly messageId: number;
  /** Header bits 27:18 of the answered command. */
  readonly token: number;

  /** @param command spec name of the command, `CLOCK_RATE_SET` */
  constructor(command: string, status: number, details: StatusDetails, options?: ErrorOptions) {
    super(`${command}: platform returned ${statusName(status)} (${status})`, options);
    this.status = status;
    this.statusName = statusName(status);
    this.errno = statusErrno(status) ?? "EIO";
    this.protocolId = details.protocolId;
    this.messageId = details.messageId;
    this.token = details.token;
  }

  /** True for the named SCMI status, e.g. `is("BUSY")`. */
  is(name: StatusName): boolean {
    return this.status === STATUS[name];
  }
}

/** What was waited for when a deadline passed: a turn on a busy channel, the response, or the delayed response. */
export type DeadlinePhase = "channel" | "response" | "delayedResponse";

const AWAITED: Readonly<Record<DeadlinePhase, string>> = {
  channel: "a free channel",
  response: "a response",
  delayedResponse: "a delayed response",
};

/** A deadline passed. The command may still take effect: its token stays quarantined until the late answer. */
export class DeadlineError extends ScmiError {
  override readonly name = "DeadlineError";
  readonly code = "SCMI_DEADLINE";
  /** What Linux would return. */
  readonly errno: ErrnoName = "ETIMEDOUT";
  /** What was waited for. */
  readonly phase: DeadlinePhase;
  /** How long, in milliseconds. */
  readonly timeoutMs: number;

  /** @param command spec name of the command */
  constructor(command: string, phase: DeadlinePhase, timeoutMs: number, options?: ErrorOptions) {
    super(`${command}: expected ${AWAITED[phase]} within ${timeoutMs} ms, got none`, options);
    this.phase = phase;
    this.timeoutMs = timeoutMs;
  }
}

/** Why a channel did not carry a message. */
export type ChannelFault =
  | "closed"
  | "busy"
  | "errorFlag"
  | "payloadTooLong"
  | "noToken"
  | "undelivered"
  | "notListening"
  | "refused";

const CHANNEL_TEXT: Readonly<Record<ChannelFault, string>> = {
  closed: "expected an open channel, got a closed one",
  busy: "expected a free channel, got a busy one",
  errorFlag: "expected a transferred message, got the channel's error flag",
  payloadTooLong: "expected a payload that fits the channel, got a longer one",
  noToken: "expected a free token, got none",
  undelivered: "expected the platform to be called, got a refusal",
  notListening: "expected a path to listen at, got one where that fails",
  refused: "expected a peer that keeps to its protocol, got another",
};

/** The channel could not carry the message; the platform never saw it, or said that it could not read it (`errorFlag`). */
export class ChannelError extends ScmiError {
  override readonly name = "ChannelError";
  readonly code = "SCMI_CHANNEL";
  /** What stood in the way. */
  readonly reason: ChannelFault;

  /** @param subject spec name of the command, or the channel
   *  @param detail sizes or counts that help, appended in parentheses */
  constructor(subject: string, reason: ChannelFault, detail?: string, options?: ErrorOptions) {
    super(`${subject}: ${CHANNEL_TEXT[reason]}${detail === undefined ? "" : ` (${detail})`}`, options);
    this.reason = reason;
  }
}

/** Where a message breaks the wire format, and how. */
export interface MessageDetails {
  /** Path of the field, `response.rates[3].value`. */
  readonly field: string;
  /** In bytes from the start of the payload. */
  readonly offset: number;
  /** What the specification asks for. */
  readonly expected: string;
  /** What the peer sent. */
  readonly got: string;
}

/** The peer broke the wire format. */
export class MessageError extends ScmiError {
  override readonly name = "MessageError";
  readonly code = "SCMI_MESSAGE";
  /** Path of the field, `response.rates[3].value`. */
  readonly field: string;
  /** In bytes from the start of the payload. */
  readonly offset: number;
  /** What the specification asks for. */
  readonly expected: string;
  /** What the peer sent. */
  readonly got: string;

  /** @param command spec name of the command or notification */
  constructor(command: string, details: MessageDetails, options?: ErrorOptions) {
    const { field, offset, expected, got } = details;
    super(`${command}: ${field} at byte ${offset}: expected ${expected}, got ${got}`, options);
    this.field = field;
    this.offset = offset;
    this.expected = expected;
    this.got = got;
  }
}

/** Where a board is wrong, and how. */
export interface BoardDetails {
  /** The file, or what else the board was read from. */
  readonly file: string;
  /** Device-tree node (`/firmware/scmi`) or path in a board file (`clocks[2].ranges`); empty for the file as a whole. */
  readonly path: string;
  /** What the binding or the schema asks for. */
  readonly expected: string;
  /** What stands there. */
  readonly got: string;
}

/** A device tree or a board file is wrong. */
export class BoardError extends ScmiError {
  override readonly name = "BoardError";
  readonly code = "SCMI_BOARD";
  /** The file, or what else the board was read from. */
  readonly file: string;
  /** Device-tree node (`/firmware/scmi`) or path in a board file (`clocks[2].ranges`). */
  readonly path: string;
  /** What the binding or the schema asks for. */
  readonly expected: string;
  /** What stands there. */
  readonly got: string;

  constructor(details: BoardDetails, options?: ErrorOptions) {
    const { file, path, expected, got } = details;
    super(`${path === "" ? file : `${file}: ${path}`}: expected ${expected}, got ${got}`, options);
    this.file = file;
    this.path = path;
    this.expected = expected;
    this.got = got;
  }
}

/** The platform lacks a protocol, a message or a version that the caller asked for. */
export class UnsupportedError extends ScmiError {
  override readonly name = "UnsupportedError";
  readonly code = "SCMI_UNSUPPORTED";
  /** What would be needed, `clock protocol 2.0`. */
  readonly needed: string;
  /** What the platform has instead. */
  readonly got: string;

  /** @param subject the protocol or the spec name of the command */
  constructor(subject: string, needed: string, got: string, options?: ErrorOptions) {
    super(`${subject}: expected ${needed}, got ${got}`, options);
    this.needed = needed;
    this.got = got;
  }
}

/** Who made a `TEE_Result`. GlobalPlatform TEE Client API, return code origins 1 to 4. */
export type TeeOrigin = "api" | "comms" | "tee" | "trustedApp";

/** A call into the trusted execution environment failed below SCMI. */
export class TeeError extends ScmiError {
  override readonly name = "TeeError";
  readonly code = "SCMI_TEE";
  /** `TEE_Result`, unsigned 32 bits. */
  readonly result: number;
  /** The layer that failed. */
  readonly origin: TeeOrigin;

  /** @param operation what was asked of the TEE, `open session` */
  constructor(operation: string, result: number, origin: TeeOrigin, options?: ErrorOptions) {
    const hex = (result >>> 0).toString(16).padStart(8, "0");
    super(`${operation}: expected TEE_SUCCESS, got 0x${hex} from ${origin}`, options);
    this.result = result >>> 0;
    this.origin = origin;
  }
}

/** A bug of this package, a trap in the wasm core included. */
export class InternalError extends ScmiError {
  override readonly name = "InternalError";
  readonly code = "SCMI_INTERNAL";
}
