// The one truth about bytes: every offset, mask, shift and size of the core, read by both compilers.
// Integer constants only; derived ones are derived, never typed twice. All offsets are in bytes.
//
// "Offset" fields inside records are relative to the core's base address, so that a core can be copied to any
// address and run there (fork, snapshot, restore). "Relative to the description" is said where it holds.

export const ABI_VERSION = 1;
/** "SCMI" as a little-endian word: the first word of every core. */
export const CORE_MAGIC = 0x494d4353;

/** Cores start on a cache line. */
export const CORE_ALIGN = 64;
export const LINE = 64;

// Message header, 32 bits (DEN0056, message header; spec 00-transport section 3)
//   31    28 27        18 17        10 9    8 7         0
//  ┌────────┬────────────┬────────────┬──────┬───────────┐
//  │   0    │   token    │  protocol  │ type │  message  │
//  └────────┴────────────┴────────────┴──────┴───────────┘
export const HEADER_BYTES = 4;
export const HEADER_MESSAGE_MASK = 0xff;
export const HEADER_TYPE_SHIFT = 8;
export const HEADER_TYPE_MASK = 0x300;
export const HEADER_PROTOCOL_SHIFT = 10;
export const HEADER_PROTOCOL_MASK = 0x3fc00;
export const HEADER_TOKEN_SHIFT = 18;
export const HEADER_TOKEN_MASK = 0xffc0000;
/** Protocol and message: what a caller names; the rest of the word is the core's. */
export const HEADER_COMMAND_MASK = 0x3fcff;
/** Reserved bits set: no message has this header. */
export const NO_HEADER = 0xffffffff;
export const TOKEN_COUNT = 1024;

export const TYPE_COMMAND = 0;
export const TYPE_DELAYED_RESPONSE = 2;
export const TYPE_NOTIFICATION = 3;

// Options beside protocol and message in the `command` word of post, exchange and submission entries
/** The command is sent with its async flag set: a delayed response follows a response with SUCCESS. */
export const COMMAND_ASYNC = 0x80000000;
/** Ask for a completion interrupt (SMT channel_flags bit 0). */
export const COMMAND_INTERRUPT = 0x40000000;

// SMT area (DEN0056, shared memory; spec 00-transport section 8.1)
//   0x00 reserved  0x04 channel status  0x08 reserved (8)  0x10 channel flags  0x14 length  0x18 header  0x1c payload…
export const SMT_STATUS = 0x04;
export const SMT_FLAGS = 0x10;
export const SMT_LENGTH = 0x14;
export const SMT_HEADER = 0x18;
export const SMT_PAYLOAD = 0x1c;
export const SMT_STATUS_FREE = 1;
export const SMT_STATUS_ERROR = 2;
/** Bit 0 as in Linux, SCP-firmware and TF-A (OP-TEE's header says bit 1, and does not use it). */
export const SMT_FLAGS_INTERRUPT = 1;
/** Head and status: the shortest response. */
export const SMT_MINIMUM_BYTES = 36;

// MSG framing: header, then payload (spec 00-transport section 11.1)
export const MSG_HEADER = 0;
export const MSG_PAYLOAD = 4;

/** Bytes of the status word that opens the payload of a response. */
export const STATUS_BYTES = 4;

// SCMI status codes (spec 00-transport section 6) that the core itself answers with
export const STATUS_SUCCESS = 0;
export const STATUS_NOT_SUPPORTED = -1;
export const STATUS_INVALID_PARAMETERS = -2;
export const STATUS_DENIED = -3;
export const STATUS_NOT_FOUND = -4;
export const STATUS_OUT_OF_RANGE = -5;
export const STATUS_PROTOCOL_ERROR = -10;

// Faults: why the core refused. A separate number space from SCMI status; never mixed in one variable
/** Nothing was waiting: no message posted, no answer there yet, a spurious doorbell. */
export const FAULT_NOTHING = -1;
/** An instance, channel, xfer, claim or FastChannel index is not in use. */
export const FAULT_INDEX = -2;
/** The xfer or claim is not in a state that allows this call. */
export const FAULT_STATE = -3;
/** The channel's area belongs to the other side, or a command is in flight on it. */
export const FAULT_BUSY = -4;
/** Longer than the channel's payload limit, or shorter than a message can be. */
export const FAULT_LENGTH = -5;
/** All xfers of the instance are in use. */
export const FAULT_NO_XFER = -6;
/** Every token is in flight. */
export const FAULT_NO_TOKEN = -7;
/** No free claim record; the message stays where it is. */
export const FAULT_NO_CLAIM = -8;
/** The event ring is full; the message stays where it is. */
export const FAULT_EVENTS_FULL = -9;
/** The completion ring is full. */
export const FAULT_COMPLETIONS_FULL = -10;
/** The platform's handler in the host has to answer before the batch goes on. */
export const FAULT_HOST_NEEDED = -11;
/** No response before the deadline. */
export const FAULT_RESPONSE_TIMEOUT = -12;
/** No delayed response before the deadline. */
export const FAULT_DELAYED_TIMEOUT = -13;
/** The answer's length breaks the wire format. */
export const FAULT_MALFORMED = -14;
/** The platform set ERROR in the channel status. */
export const FAULT_CHANNEL_ERROR = -15;
/** The channel was reset while the command was in flight. */
export const FAULT_CHANNEL_RESET = -16;
/** The call does not fit this kind of channel. */
export const FAULT_CHANNEL_KIND = -17;
/** The memory could not grow, or a table or the region has no room. */
export const FAULT_NO_ROOM = -18;
/** A configuration word is out of range. */
export const FAULT_CONFIG = -19;
/** No core of this ABI version at that address. */
export const FAULT_NO_CORE = -20;
/** The FastChannel's rate limit has not passed yet. */
export const FAULT_RATE_LIMITED = -21;
/** The agent took the area back before its answer was published. */
export const FAULT_STALE = -22;
/** The caller gave the command up. */
export const FAULT_ABORTED = -23;

// Tables and rings in the core header
//   table: offset, stride, capacity, count            ring: offset, stride, capacity (power of two), head, tail
export const TABLE_OFFSET = 0;
export const TABLE_STRIDE = 4;
export const TABLE_CAPACITY = 8;
export const TABLE_COUNT = 12;
export const TABLE_BYTES = 16;

export const RING_OFFSET = 0;
export const RING_STRIDE = 4;
export const RING_CAPACITY = 8;
/** Entries consumed so far, modulo 2^32; the consumer writes it. */
export const RING_HEAD = 12;
/** Entries produced so far, modulo 2^32; the producer writes it. */
export const RING_TAIL = 16;
export const RING_BYTES = 20;

// Core header
export const CORE_MAGIC_WORD = 0;
export const CORE_ABI_VERSION = 4;
export const CORE_TOTAL_BYTES = 8;
/** Payload capacity in bytes of xfers, claims and P2A ring entries. */
export const CORE_MAX_PAYLOAD = 12;
/** OBSERVE_* bits; the host writes it. */
export const CORE_OBSERVE = 16;
/** First free byte of the region for areas, descriptions, states and FastChannel cells. */
export const CORE_REGION_NEXT = 20;
export const CORE_REGION_END = 24;
/** First free claim, as index; 0 = none (claim 0 is the scratch claim). */
export const CORE_CLAIM_FREE = 28;
/** Byte offset of the reply payload inside a claim; its header word stands directly before it. */
export const CORE_CLAIM_REPLY = 32;
/** Why the last `run` stopped: 0 or a fault. */
export const CORE_RUN_STOP = 36;
/** The xfer of the submission entry that `run` has posted but not completed; NO_INDEX = none. */
export const CORE_RUN_XFER = 40;
/** Next xfer that `tick` looks at. */
export const CORE_TICK_CURSOR = 44;
/** f64 ns: no xfer expires before this. */
export const CORE_NEXT_DEADLINE = 48;
/** f64 ns: earliest deadline seen by the `tick` in progress. */
export const CORE_TICK_EARLIEST = 56;
export const CORE_INSTANCES = 64;
export const CORE_CHANNELS = CORE_INSTANCES + TABLE_BYTES;
export const CORE_XFERS = CORE_CHANNELS + TABLE_BYTES;
export const CORE_STATES = CORE_XFERS + TABLE_BYTES;
export const CORE_AREAS = CORE_STATES + TABLE_BYTES;
export const CORE_QUARANTINES = CORE_AREAS + TABLE_BYTES;
export const CORE_COUNTERS = CORE_QUARANTINES + TABLE_BYTES;
export const CORE_TOKEN_SPACES = CORE_COUNTERS + TABLE_BYTES;
export const CORE_CLAIMS = CORE_TOKEN_SPACES + TABLE_BYTES;
export const CORE_FASTCHANNELS = CORE_CLAIMS + TABLE_BYTES;
export const CORE_SUBMISSIONS = CORE_FASTCHANNELS + TABLE_BYTES;
export const CORE_COMPLETIONS = CORE_SUBMISSIONS + RING_BYTES;
export const CORE_P2A = CORE_COMPLETIONS + RING_BYTES;
export const CORE_EVENTS = CORE_P2A + RING_BYTES;
export const CORE_TRACE = CORE_EVENTS + RING_BYTES;
/** Payload capacity in bytes of submission and completion entries. */
export const CORE_BATCH_PAYLOAD = CORE_TRACE + RING_BYTES;
/** Bytes of one row of the tables of states and areas; their strides are larger where rows stand side by side. */
export const CORE_STATE_BYTES = CORE_BATCH_PAYLOAD + 4;
export const CORE_AREA_BYTES = CORE_STATE_BYTES + 4;
export const CORE_HEADER_BYTES = (CORE_AREA_BYTES + 4 + LINE - 1) & ~(LINE - 1);

/** Claim 0 stands here, directly behind the core header. */
export const CORE_SCRATCH_CLAIM = CORE_HEADER_BYTES;

export const NO_INDEX = 0xffffffff;

export const OBSERVE_TRACE = 1;
export const OBSERVE_EVENTS = 2;

// Configuration read by `create`: u32 words
export const CONFIG_INSTANCES = 0;
export const CONFIG_CHANNELS = 4;
export const CONFIG_XFERS = 8;
/** Platform states (SoCs) kept in the table of states. */
export const CONFIG_STATES = 12;
/** Bytes of one state in that table. */
export const CONFIG_STATE_BYTES = 16;
/** Areas kept in the table of areas. */
export const CONFIG_AREAS = 20;
/** Bytes of one area in that table. */
export const CONFIG_AREA_BYTES = 24;
/** How many instances have a full token space. */
export const CONFIG_TOKEN_SPACES = 28;
/** Payload limit in bytes of xfers, claims and P2A ring entries; a multiple of 4. */
export const CONFIG_MAX_PAYLOAD = 32;
export const CONFIG_CLAIMS = 36;
export const CONFIG_FASTCHANNELS = 40;
/** Entries of the submission and of the completion ring; a power of two, or 0. */
export const CONFIG_BATCH_ENTRIES = 44;
/** Payload capacity in bytes of one submission or completion entry; a multiple of 4. */
export const CONFIG_BATCH_PAYLOAD = 48;
/** Entries of the P2A, event and trace ring; each a power of two, or 0. */
export const CONFIG_P2A_ENTRIES = 52;
export const CONFIG_EVENT_ENTRIES = 56;
export const CONFIG_TRACE_ENTRIES = 60;
/** Bytes for descriptions, and for areas, states and cells beyond the tables. */
export const CONFIG_REGION_BYTES = 64;
export const CONFIG_FLAGS = 68;
/** Payload bytes that a trace ring entry keeps; at most TRACE_MOST_PAYLOAD. */
export const CONFIG_TRACE_PAYLOAD = 72;
export const CONFIG_BYTES = 76;
/** One row per instance: its instance, channel, state, xfer and area records side by side. For fleets whose
 *  instances have one channel and one xfer each; needs equal numbers of all five. */
export const CONFIG_FLAGS_ROWS = 1;

// Instance: one agent–platform pair. 64 bytes, all hot
export const INSTANCE_TOKEN_NEXT = 0;
/** Xfers in flight. */
export const INSTANCE_LIVE = 4;
/** Tokens in quarantine. */
export const INSTANCE_QUARANTINED = 8;
/** First free xfer, or NO_INDEX. */
export const INSTANCE_XFER_FREE = 12;
export const INSTANCE_XFER_FIRST = 16;
export const INSTANCE_XFER_COUNT = 20;
/** Offset of the full token space; 0 = small. */
export const INSTANCE_TOKEN_SPACE = 24;
/** Offset of the list of quarantined tokens (small space). */
export const INSTANCE_QUARANTINE = 28;
export const INSTANCE_DESCRIPTION = 32;
export const INSTANCE_STATE = 36;
/** Agent id, 1 … number of agents of the description. */
export const INSTANCE_AGENT = 40;
export const INSTANCE_INDEX = 44;
/** Offset of the agent's protocol mask in the state. */
export const INSTANCE_PROTOCOL_MASK = 48;
export const INSTANCE_BYTES = 64;

export const TOKENS_SMALL = 0;
export const TOKENS_FULL = 1;
/** Xfers, and tokens in flight or in quarantine, of an instance with a small token space. */
export const SMALL_SLOTS = 8;

// A token in quarantine: header with type 0, and what is still to come; then the channel it was sent on
export const QUARANTINE_HEADER = 0;
export const QUARANTINE_CHANNEL = 4;
export const QUARANTINE_BYTES = 8;
export const QUARANTINE_OWES_RESPONSE = 0x40000000;
export const QUARANTINE_OWES_DELAYED = 0x80000000;
export const QUARANTINE_LIST_BYTES = SMALL_SLOTS * QUARANTINE_BYTES;

// Full token space: a bitmap of tokens not to be handed out, then 1,024 entries, and the quarantine in order of age
export const TOKENS_BITMAP = 0;
/** Oldest and youngest token in quarantine; NO_TOKEN = none. */
export const TOKENS_OLDEST = 128;
export const TOKENS_YOUNGEST = 132;
export const TOKENS_ENTRIES = 192;
export const TOKENS_ENTRY_SHIFT = 4;
export const TOKENS_ENTRY_BYTES = 16;
/** u32: xfer index while in flight, NO_INDEX else. */
export const TOKENS_ENTRY_XFER = 0;
/** u16 older, u16 younger neighbour in quarantine. */
export const TOKENS_ENTRY_OLDER = 4;
export const TOKENS_ENTRY_YOUNGER = 6;
/** A quarantine record (header, channel); header 0 = not in quarantine. */
export const TOKENS_ENTRY_QUARANTINE = 8;
export const TOKENS_BYTES = TOKENS_ENTRIES + TOKEN_COUNT * TOKENS_ENTRY_BYTES;
export const NO_TOKEN = 0xffff;

// Channel: one direction of one transport. 64 bytes, all hot
/** Offset of the instance's record. */
export const CHANNEL_INSTANCE = 0;
/** KIND_* bits. */
export const CHANNEL_KIND = 4;
/** Offset of the area; 0 = the host moves the messages itself (MSG only). */
export const CHANNEL_AREA = 8;
export const CHANNEL_AREA_BYTES = 12;
/** Largest payload in bytes, header excluded. */
export const CHANNEL_MAX_PAYLOAD = 16;
/** The xfer whose command is in flight in the area; NO_INDEX = none. */
export const CHANNEL_POSTED = 20;
/** Header of the command that the platform still holds in the area, maybe with OUTSTANDING_ENDED; NO_HEADER = none. */
export const CHANNEL_OUTSTANDING = 24;
/** Last foreign header found in the area, so that each is counted once; the command's own header = none yet. */
export const CHANNEL_STRAY = 28;
/** f64 ns, default 30 ms; the host may write it. */
export const CHANNEL_TIMEOUT = 32;
/** Counters that every exchange advances (u32, wrapping); the others stand in the cold record. */
export const CHANNEL_SENT = 40;
export const CHANNEL_RESPONSES = 44;
/** MSG in an area: bytes of the message there; 0 = the area belongs to the caller of the channel. */
export const CHANNEL_MESSAGE_BYTES = 48;
/** MSG in an area: bytes of the answer there; 0 = none yet. */
export const CHANNEL_ANSWER_BYTES = 52;
/** Claim that the platform holds on the area; 0 = none. */
export const CHANNEL_CLAIM = 56;
export const CHANNEL_INDEX = 60;
export const CHANNEL_BYTES = 64;

/** The command has ended with ERROR, though the area is not back: its header there is no second answer. */
export const OUTSTANDING_ENDED = 0x80000000;

export const KIND_P2A = 1;
export const KIND_MSG = 2;
/** `serve` stages answers but leaves publishing to the host: the seam for latency and faults. */
export const KIND_HOLD = 4;
/** The area is memory that somebody else initialises: opening and resetting the channel leave it alone. */
export const KIND_FOREIGN = 8;

export const DEFAULT_TIMEOUT_NS = 30_000_000;
export const DEFAULT_DELAYED_TIMEOUT_NS = 2_000_000_000;

// Counters of a channel: u32, wrapping; then its doorbells. 128 bytes, cold, one a channel
export const COUNTER_DELAYED = 8;
export const COUNTER_NOTIFICATIONS = 12;
export const COUNTER_TIMEOUTS = 16;
/** Answers that nobody waits for and nobody ever asked for. */
export const COUNTER_UNEXPECTED = 20;
/** Lengths, types or headers that break the rules, duplicates included. */
export const COUNTER_MALFORMED = 24;
/** Notifications lost because the P2A ring was full. */
export const COUNTER_DROPPED = 28;
/** Tokens taken out of quarantine because no other was free. */
export const COUNTER_RECYCLED = 32;
/** Answers to commands whose caller had given up. */
export const COUNTER_LATE = 36;
export const COUNTER_ABORTED = 40;
/** Answers with ERROR in the channel status. */
export const COUNTER_ERRORS = 44;
/** Platform half: doorbells with nothing posted, commands of impossible length, P2A messages refused. */
export const COUNTER_SPURIOUS = 48;
export const COUNTER_BAD_COMMANDS = 52;
export const COUNTER_P2A_BUSY = 56;
/** u32 each, advanced by `ring`: agent to platform, platform to agent; and how many wait on each. */
export const DOORBELL_PLATFORM = 64;
export const DOORBELL_AGENT = 68;
export const DOORBELL_PLATFORM_WAITERS = 72;
export const DOORBELL_AGENT_WAITERS = 76;
/** f64 ns, default 2 s: from the response to the delayed response; the host may write it. */
export const COUNTERS_DELAYED_TIMEOUT = 80;
export const COUNTERS_BYTES = 128;

export const RING_PLATFORM = 0;
export const RING_AGENT = 1;

// Xfer: one command's life. The header word and the payload are a MSG message, ready to send
export const XFER_STATE = 0;
/** Payload bytes: of the command once posted, of the answer once done. */
export const XFER_LENGTH = 4;
/** Offset of the instance's record. */
export const XFER_INSTANCE = 8;
/** Offset of the record of the channel that it was posted on. */
export const XFER_CHANNEL = 12;
/** f64 ns. */
export const XFER_DEADLINE = 16;
/** Next free xfer while idle; XFER_FLAGS_* while owned. */
export const XFER_FLAGS = 24;
/** Why the command failed; 0 = it did not. */
export const XFER_FAULT = 28;
export const XFER_HEADER = 32;
/** Parameters before `post`; status and return values after the answer. */
export const XFER_PAYLOAD = 36;

export const XFER_FLAGS_ASYNC = 1;

export const XFER_IDLE = 0;
export const XFER_ACQUIRED = 1;
export const XFER_POSTED = 2;
export const XFER_AWAITING_DELAYED = 3;
export const XFER_DONE = 4;
export const XFER_TIMED_OUT = 5;
export const XFER_ABORTED = 6;

// Claim: a command that the platform took out of its channel. Claim 0 is the scratch claim of `serve`
export const CLAIM_STATE = 0;
/** Index of the channel. */
export const CLAIM_CHANNEL = 4;
/** The command's header as it came. */
export const CLAIM_HEADER = 8;
/** The SMT flags as they came: bit 0 asks for a completion interrupt. */
export const CLAIM_FLAGS = 12;
/** Parameter bytes. */
export const CLAIM_REQUEST_BYTES = 16;
/** Bytes of the staged answer: status and return values. */
export const CLAIM_REPLY_BYTES = 20;
export const CLAIM_NEXT = 24;
export const CLAIM_AGENT = 28;
export const CLAIM_REQUEST = 32;

export const CLAIM_FREE = 0;
export const CLAIM_CLAIMED = 1;
export const CLAIM_STAGED = 2;

// Submission entry, and completion entry
export const SUBMISSION_CHANNEL = 0;
export const SUBMISSION_COMMAND = 4;
export const SUBMISSION_LENGTH = 8;
/** Any word; comes back in the completion. */
export const SUBMISSION_TAG = 12;
export const SUBMISSION_PAYLOAD = 16;

export const COMPLETION_TAG = 0;
/** 0, or why the command failed. */
export const COMPLETION_FAULT = 4;
/** Payload bytes of the response, status included; 0 with a fault. */
export const COMPLETION_LENGTH = 8;
export const COMPLETION_HEADER = 12;
/** Status, then return values. */
export const COMPLETION_PAYLOAD = 16;

// P2A ring entry: a notification as it came
/** Index of the channel. */
export const P2A_CHANNEL = 0;
export const P2A_HEADER = 4;
/** Payload bytes. */
export const P2A_LENGTH = 8;
export const P2A_PAYLOAD = 16;

// Event ring entry: who changed what
/** f64 ns. */
export const EVENT_TIME = 0;
export const EVENT_KIND = 8;
export const EVENT_CHANNEL = 12;
export const EVENT_AGENT = 16;
export const EVENT_DOMAIN = 20;
/** u64 each; of limits the maximum is the low word, and the minimum the high one. */
export const EVENT_OLD = 24;
export const EVENT_NEW = 32;
/** EVENT_LIMITS_CHANGED: the level before, and the level after, which the limits may have moved; else 0. */
export const EVENT_OLD_LEVEL = 40;
export const EVENT_NEW_LEVEL = 44;
export const EVENT_BYTES = 48;

export const EVENT_LEVEL_CHANGED = 1;
export const EVENT_RATE_CHANGED = 2;
export const EVENT_LIMITS_CHANGED = 3;
export const EVENT_POWER_STATE_CHANGED = 4;
export const EVENT_VOLTAGE_CHANGED = 5;

// Trace ring entry; when full the oldest entry is overwritten (tail counts on, head is not used)
/** f64 ns. */
export const TRACE_TIME = 0;
export const TRACE_KIND = 8;
export const TRACE_CHANNEL = 12;
export const TRACE_HEADER = 16;
/** SCMI status of an answer, fault of a failure, first word of a FastChannel, else 0. */
export const TRACE_RESULT = 20;
/** Payload bytes; of a message that was refused (LATE, UNEXPECTED, MALFORMED) all that its sender claims, header included. */
export const TRACE_LENGTH = 24;
/** u16: bytes at TRACE_PAYLOAD, the first of the message's payload. */
export const TRACE_CAPTURED = 28;
/** u16: xfers in flight on the instance, and TRACE_POLLED for a command without COMMAND_INTERRUPT. */
export const TRACE_LIVE = 30;
/** As many bytes as there are up to the ring's stride. */
export const TRACE_PAYLOAD = 32;
export const TRACE_BYTES = 32;
export const TRACE_MOST_PAYLOAD = 0xfff8;
export const TRACE_POLLED = 0x8000;

export const TRACE_POSTED = 1;
export const TRACE_RESPONSE = 2;
export const TRACE_DELAYED_RESPONSE = 3;
export const TRACE_NOTIFICATION = 4;
export const TRACE_TIMEOUT = 5;
export const TRACE_LATE = 6;
export const TRACE_UNEXPECTED = 7;
export const TRACE_MALFORMED = 8;
export const TRACE_SERVED = 9;
export const TRACE_PUBLISHED = 10;
export const TRACE_FASTCHANNEL = 11;
export const TRACE_P2A_SENT = 12;

// FastChannel (spec 00-transport section 13.1)
export const FASTCHANNEL_CELL = 0;
/** 4, or 8 for LIMITS (maximum first). */
export const FASTCHANNEL_CELL_BYTES = 4;
/** As in DESCRIBE_FASTCHANNEL: bit 0 doorbell, bits 2:1 width 8, 16, 32, 64. */
export const FASTCHANNEL_ATTRIBUTES = 8;
export const FASTCHANNEL_DOORBELL = 12;
/** u64 each; the host writes them after `openFastChannel`. */
export const FASTCHANNEL_SET = 16;
export const FASTCHANNEL_PRESERVE = 24;
/** µs between writes, 0 = none; the host writes it. */
export const FASTCHANNEL_RATE_LIMIT = 32;
/** What `readFastChannel` found: two words. */
export const FASTCHANNEL_VALUE = 36;
export const FASTCHANNEL_WRITES = 44;
/** f64 ns. */
export const FASTCHANNEL_LAST_WRITE = 48;
export const FASTCHANNEL_CHANNEL = 56;
/** Whose memory it is, for traces: protocol << 24 | message id << 16 | domain; the host writes it. */
export const FASTCHANNEL_SUBJECT = 60;
export const FASTCHANNEL_BYTES = 64;

export const FASTCHANNEL_HAS_DOORBELL = 1;
export const FASTCHANNEL_WIDTH_SHIFT = 1;

// Description of a platform: read only after set-up, shared by all SoCs of a kind. Offsets are relative to it
export const DESCRIPTION_STATE_BYTES = 0;
/** Offset of the image that a new state starts from. */
export const DESCRIPTION_INITIAL_STATE = 4;
export const DESCRIPTION_AGENTS = 8;
export const DESCRIPTION_PROTOCOLS = 12;
/** Offset inside the state: per agent a word with bit i set when it may use protocol i of the table. */
export const DESCRIPTION_PROTOCOL_MASKS = 16;
export const DESCRIPTION_TOTAL_BYTES = 20;
/** u8[256]: protocol id to index + 1 in the table of protocols; 0 = not implemented. */
export const DESCRIPTION_MAP = 32;
export const DESCRIPTION_PROTOCOL_TABLE = DESCRIPTION_MAP + 256;
/** A mask word has one bit a protocol. */
export const DESCRIPTION_MAX_PROTOCOLS = 32;

export const PROTOCOL_VERSION_WORD = 0;
export const PROTOCOL_DOMAINS = 4;
/** Offset of the domain descriptions, DOMAIN_BYTES each. */
export const PROTOCOL_DOMAIN_TABLE = 8;
/** Offset of the message entries, MESSAGE_BYTES each, indexed by message id. */
export const PROTOCOL_MESSAGES = 12;
export const PROTOCOL_MESSAGE_COUNT = 16;
/** Offsets inside the state: domain states, DOMAIN_STATE_BYTES each; permission bytes, [agent][domain]. */
export const PROTOCOL_STATE = 20;
export const PROTOCOL_PERMISSIONS = 24;
export const PROTOCOL_ID = 28;
export const PROTOCOL_BYTES = 32;

export const MESSAGE_HANDLER = 0;
/** u16: exact parameter bytes; MESSAGE_ANY_BYTES = the handler checks. */
export const MESSAGE_REQUEST_BYTES = 2;
/** HANDLER_CONSTANT: offset and bytes of the return values. */
export const MESSAGE_REPLY = 4;
export const MESSAGE_REPLY_BYTES = 8;
/** u16: the handler of a hot command, which a host that takes the command over for a while puts back; the core does not
 *  read it. */
export const MESSAGE_HOT_HANDLER = 12;
export const MESSAGE_BYTES = 16;
export const MESSAGE_ANY_BYTES = 0xffff;

/** Not defined: NOT_FOUND. */
export const HANDLER_NONE = 0;
/** Answered by the host. */
export const HANDLER_HOST = 1;
/** SUCCESS and constant return values. */
export const HANDLER_CONSTANT = 2;
export const HANDLER_PROTOCOL_VERSION = 3;
export const HANDLER_PERFORMANCE_LEVEL_SET = 4;
export const HANDLER_PERFORMANCE_LEVEL_GET = 5;
export const HANDLER_CLOCK_RATE_SET = 6;
export const HANDLER_CLOCK_RATE_GET = 7;
export const HANDLER_PERFORMANCE_LIMITS_SET = 8;
export const HANDLER_PERFORMANCE_LIMITS_GET = 9;
export const HANDLER_POWER_STATE_SET = 10;
export const HANDLER_POWER_STATE_GET = 11;
export const HANDLER_VOLTAGE_LEVEL_SET = 12;
export const HANDLER_VOLTAGE_LEVEL_GET = 13;
export const HANDLER_SENSOR_READING_GET = 14;
export const HANDLER_POWERCAP_CAP_GET = 15;
export const HANDLER_POWERCAP_MEASUREMENTS_GET = 16;

// Permission byte: what an agent may do with a domain, and what the host answers all the same
export const PERMISSION_USE = 1;
/** LEVEL_SET, RATE_SET, STATE_SET. */
export const PERMISSION_SET = 2;
/** LIMITS_SET. */
export const PERMISSION_LIMITS = 4;
/** The host answers the agent's hot commands that read this domain (…_GET); */
export const PERMISSION_HOST_GET = 8;
/** those that need PERMISSION_SET; */
export const PERMISSION_HOST_SET = 16;
/** those that need PERMISSION_LIMITS. */
export const PERMISSION_HOST_LIMITS = 32;

export const DOMAIN_BYTES = 32;
export const DOMAIN_STATE_BYTES = 16;

// Performance domain: legal values for LEVEL_SET in ascending order (indices in indexing mode), u32 each;
// 0 of them = any value within the limits in force
export const PERFORMANCE_LEVEL_COUNT = 0;
export const PERFORMANCE_LEVELS = 4;
/** Between these are the limits of a domain without a list. */
export const PERFORMANCE_HIGHEST = 8;
export const PERFORMANCE_LOWEST = 12;
export const PERFORMANCE_STATE_LEVEL = 0;
export const PERFORMANCE_STATE_MAX = 4;
export const PERFORMANCE_STATE_MIN = 8;
/** Id of the agent whose limits are in force; 0 = the platform. */
export const PERFORMANCE_STATE_LIMITS_AGENT = 12;
/** From this version on a 0 in LIMITS_SET leaves that limit as it is. */
export const PERFORMANCE_ZERO_KEEPS_SINCE = 0x30000;

// Clock: a list of rates (u64, ascending) or a range (lowest, highest, step)
export const CLOCK_FORMAT = 0;
export const CLOCK_RATE_COUNT = 4;
export const CLOCK_RATES = 8;
/** Pending asynchronous changes that the platform allows; above 0 the host answers async requests. */
export const CLOCK_ASYNC_DEPTH = 12;
export const CLOCK_FORMAT_LIST = 0;
export const CLOCK_FORMAT_RANGE = 1;
export const CLOCK_STATE_RATE = 0;
export const CLOCK_STATE_ENABLED = 8;
export const CLOCK_STATE_PARENT = 12;

export const RATE_SET_ASYNC = 1;
export const RATE_SET_IGNORE_DELAYED = 2;
export const RATE_SET_ROUND_UP = 4;
export const RATE_SET_CLOSEST = 8;
export const RATE_SET_FLAGS = 15;

// States of the further protocols. The host may use a domain's other words as it likes, and all words of reset, system
// power and pin control

// Power domain: legal values for STATE_SET, u32 each; 0 of them = any word without reserved bits
export const POWER_LEGAL_COUNT = 0;
export const POWER_LEGAL = 4;
/** POWER_SYNC, POWER_ASYNC: what STATE_SET can do here. */
export const POWER_MODES = 8;
export const POWER_STATE = 0;
/** Id of the agent that set the state in the core; 0 = none did. */
export const POWER_STATE_AGENT = 4;

export const POWER_SYNC = 1;
/** The host answers such requests. */
export const POWER_ASYNC = 2;
/** State type and state id. */
export const POWER_STATE_BITS = 0x4fffffff;
export const STATE_SET_ASYNC = 1;

// Voltage domain: a list of levels or a range (lowest, highest, step); i32 each, in µV
export const VOLTAGE_FORMAT = 0;
export const VOLTAGE_LEVEL_COUNT = 4;
export const VOLTAGE_LEVELS = 8;
/** 1 = the host answers asynchronous requests, 0 = they are not supported. */
export const VOLTAGE_HAS_ASYNC = 12;
export const VOLTAGE_FORMAT_LIST = 0;
export const VOLTAGE_FORMAT_RANGE = 1;
/** i32, in µV. */
export const VOLTAGE_STATE_LEVEL = 0;
export const VOLTAGE_STATE_CONFIG = 4;

export const VOLTAGE_SET_ASYNC = 1;
/** Before this version LEVEL_SET has no flags. */
export const VOLTAGE_ASYNC_SINCE = 0x20000;

/** 1 = the host answers asynchronous requests, 0 = they are not supported. */
export const SENSOR_HAS_ASYNC = 0;
/** i64, as the agent reads it. */
export const SENSOR_STATE_READING = 0;
/** u64; 0 = none. */
export const SENSOR_STATE_TIMESTAMP = 8;

export const READING_GET_ASYNC = 1;
/** From this version on a reading has a timestamp. */
export const SENSOR_TIMESTAMP_SINCE = 0x20000;

/** 0 = MEASUREMENTS_GET is not supported. */
export const POWERCAP_HAS_MONITORING = 0;
export const POWERCAP_STATE_CAP = 0;
/** Average power as measured. */
export const POWERCAP_STATE_POWER = 4;
/** In µs. */
export const POWERCAP_STATE_PAI = 8;
/** In µs: what the measured power is the average of. */
export const POWERCAP_STATE_INTERVAL = 12;
