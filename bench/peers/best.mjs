// Peer: the best hand-written JavaScript we know: one Int32Array for all that is shared or copied, plain objects for what is not,
// messages found by one index, no closure or object made per message. The work, the checks and the rules are the core's
// (docs/abi.md sections 3 to 7). Numbers stand bare, so that the engine sees constants; the names are those of assembly/layout.ts.

const NO_HEADER = -1;
/** Added to an outstanding header whose xfer has ended. */
const ENDED = -0x80000000;
const OWES_RESPONSE = 1;
const OWES_DELAYED = 2;
const SLOTS = 8;

const IDLE = 0;
const ACQUIRED = 1;
const POSTED = 2;
const AWAITING_DELAYED = 3;
const DONE = 4;
const TIMED_OUT = 5;
const ABORTED = 6;

// Word offsets in an SMT area
const STATUS = 1;
const FLAGS = 4;
const LENGTH = 5;
const HEADER = 6;
const PAYLOAD = 7;

const NOTHING = -1;
const INDEX = -2;
const STATE = -3;
const BUSY = -4;
const TOO_LONG = -5;
const NO_XFER = -6;
const NO_TOKEN = -7;
const EVENTS_FULL = -9;
const COMPLETIONS_FULL = -10;
const HOST_NEEDED = -11;
const RESPONSE_TIMEOUT = -12;
const DELAYED_TIMEOUT = -13;
const MALFORMED = -14;
const CHANNEL_ERROR = -15;
const CHANNEL_KIND = -17;
const GAVE_UP = -23;

const SUCCESS = 0;
const NOT_SUPPORTED = -1;
const INVALID_PARAMETERS = -2;
const DENIED = -3;
const NOT_FOUND = -4;
const OUT_OF_RANGE = -5;
const PROTOCOL_ERROR = -10;

// Handlers; the first two answer for messages and protocols that are not there
const NONE = 0;
const NO_PROTOCOL = 1;
const CONSTANT = 2;
const VERSION = 3;
const LEVEL_SET = 4;
const LEVEL_GET = 5;
const RATE_SET = 6;
const RATE_GET = 7;
const LIMITS_SET = 8;
const LIMITS_GET = 9;
const STATE_SET = 10;
const STATE_GET = 11;
const VOLTAGE_SET = 12;
const VOLTAGE_GET = 13;
const READING_GET = 14;
const CAP_GET = 15;
const MEASUREMENTS_GET = 16;

const EVENT_CAPACITY = 64;

/** Makes the peer for a plan (bench/harness/shapes.mjs). */
export function createBest(plan) {
  const { maxPayload } = plan;
  const payloadWords = maxPayload >> 2;
  const [capacity, batchPayload] = plan.batch;
  const stride = ((16 + batchPayload + 7) >> 3) << 1;
  const room = (stride - 4) << 2;
  const mask = capacity - 1;

  let words = 0;
  const take = (count) => {
    const at = words;
    words += (count + 15) & ~15;
    return at;
  };
  const claim = take(payloadWords);
  const replies = plan.messages.map((it) => (it.reply ? take(it.reply.length) : 0));
  const levels = plan.protocols.map((it) => it.domains.map((domain) => take(listOf(domain).length)));
  /** From and to of each domain's list of levels or states. */
  const lists = plan.protocols.map((it) => take(it.domains.length * 2));
  let domainCount = 0;
  const firstDomain = plan.protocols.map((it) => {
    domainCount += it.domains.length;
    return domainCount - it.domains.length;
  });
  const states = plan.states.map(() => take(domainCount * 4));
  const submissions = take(capacity * stride);
  const completions = take(capacity * stride);
  const areaAt = plan.instances.map((it) => take(it.areaBytes >> 2));
  const payloadAt = plan.instances.map((it) => Array.from({ length: it.xfers }, () => take(payloadWords)));
  const m = new Int32Array(words);
  const bytesOf = new Uint8Array(m.buffer);

  for (const [i, { reply }] of plan.messages.entries()) if (reply) m.set(reply, replies[i]);
  for (const [p, { domains }] of plan.protocols.entries()) {
    for (const [d, domain] of domains.entries()) {
      m.set(listOf(domain), levels[p][d]);
      m.set([levels[p][d], levels[p][d] + listOf(domain).length], lists[p] + d * 2);
      for (const state of states) m.set(firstState(domain), state + (firstDomain[p] + d) * 4);
    }
  }

  const described = plan.protocols.map((it, p) => ({
    domains: it.domains.length,
    version: it.version,
    lists: lists[p],
    firstDomain: firstDomain[p],
    described: it.domains,
  }));
  const nothing = { handler: NO_PROTOCOL, bit: 0, requestBytes: 0, reply: 0, replyBytes: 0, protocol: described[0] };
  // Indexed by protocol << 8 | message
  const messages = new Array(65536).fill(nothing);
  for (const [p, { id }] of plan.protocols.entries()) {
    const none = { handler: NONE, bit: 1 << p, requestBytes: 0, reply: 0, replyBytes: 0, protocol: described[p] };
    messages.fill(none, id << 8, (id + 1) << 8);
  }
  for (const [i, { protocol, id, handler, requestBytes, reply }] of plan.messages.entries()) {
    messages[(plan.protocols[protocol].id << 8) | id] = {
      handler,
      bit: 1 << protocol,
      requestBytes: requestBytes === 0xffff ? -1 : requestBytes,
      reply: replies[i],
      replyBytes: (reply?.length ?? 0) * 4,
      protocol: described[protocol],
    };
  }

  const xfers = [];
  const instances = plan.instances.map(({ agent, xfers: count, state }, i) => {
    const instance = {
      tokenNext: 0,
      live: 0,
      held: [],
      free: [],
      xfers: [],
      mask: plan.protocols.reduce((bits, it, p) => bits | (it.agents[agent - 1] ? 1 << p : 0), 0),
      state: states[state],
      permissions: Uint8Array.from(
        plan.protocols.flatMap((it) => it.domains.map((domain) => domain.permissions[agent - 1])),
      ),
      agent,
    };
    for (let x = 0; x < count; x++) {
      const xfer = {
        index: xfers.length,
        state: IDLE,
        length: 0,
        header: 0,
        fault: 0,
        isAsync: false,
        deadline: 0.5,
        payload: payloadAt[i][x],
        instance,
        channel: null,
      };
      instance.xfers.push(xfer);
      xfers.push(xfer);
    }
    instance.free = instance.xfers.toReversed?.() ?? [...instance.xfers].reverse();
    return instance;
  });
  const channels = plan.instances.map(({ areaBytes }, i) => ({
    index: i,
    instance: instances[i],
    area: areaAt[i],
    areaPayload: areaBytes - 28,
    maxPayload: Math.min(maxPayload, areaBytes - 28),
    posted: null,
    outstanding: NO_HEADER,
    stray: NO_HEADER,
    timeout: 30e6,
    delayedTimeout: 2e9,
    sent: 0,
    responses: 0,
    timeouts: 0,
    unexpected: 0,
    malformed: 0,
    recycled: 0,
    late: 0,
    aborted: 0,
    errors: 0,
    spurious: 0,
    badCommands: 0,
  }));
  for (const area of areaAt) m[area + STATUS] = 1;

  let observe = 0;
  let nextDeadline = Number.POSITIVE_INFINITY;
  let submissionHead = 0;
  let submissionTail = 0;
  let completionHead = 0;
  let completionTail = 0;
  let runStop = 0;
  let events = 0;
  let traces = 0;
  const eventRing = new Array(EVENT_CAPACITY).fill(null);

  // Functions on the hot path stay small: the engine inlines a few hundred bytes of bytecode and no more

  /** Word offsets; the hot lengths first. */
  function copy(to, from, bytes) {
    if (bytes === 8) {
      m[to] = m[from];
      m[to + 1] = m[from + 1];
    } else if (bytes === 4) m[to] = m[from];
    else copyLong(to, from, bytes);
  }

  function copyLong(to, from, bytes) {
    const count = bytes >> 2;
    let i = 0;
    for (; i < count - 3; i += 4) {
      m[to + i] = m[from + i];
      m[to + i + 1] = m[from + i + 1];
      m[to + i + 2] = m[from + i + 2];
      m[to + i + 3] = m[from + i + 3];
    }
    for (; i < count; i++) m[to + i] = m[from + i];
    if (bytes & 3) for (let i = bytes & ~3; i < bytes; i++) bytesOf[to * 4 + i] = bytesOf[from * 4 + i];
  }

  // The platform

  function changed(channel, kind, domain, before, after, now) {
    eventRing[events & (EVENT_CAPACITY - 1)] = {
      now,
      kind,
      channel: channel.index,
      agent: channel.instance.agent,
      domain,
      before,
      after,
    };
    events++;
  }

  /** What the command with its parameters at `request` gets, written to `reply`: bytes of status and return values, or a negative status. */
  function answerOf(channel, instance, header, request, requestBytes, reply, limit, now) {
    if (header & 0x300) return PROTOCOL_ERROR;
    const message = messages[((header >>> 2) & 0xff00) | (header & 0xff)];
    const handler = message.handler;
    if (handler === NO_PROTOCOL) return NOT_SUPPORTED;
    if (!(instance.mask & message.bit)) return DENIED;
    if (handler === NONE) return NOT_FOUND;
    const expected = message.requestBytes;
    if (expected !== requestBytes && expected !== -1) return PROTOCOL_ERROR;
    if (handler === LEVEL_SET) return levelSet(channel, instance, message.protocol, request, reply, now);
    if (handler === LEVEL_GET) return levelGet(instance, message.protocol, request, reply);
    if (handler === CONSTANT) {
      const bytes = message.replyBytes;
      if (bytes > limit - 4) return PROTOCOL_ERROR;
      m[reply] = SUCCESS;
      copy(reply + 1, message.reply, bytes);
      return 4 + bytes;
    }
    return rareAnswer(channel, instance, handler, message.protocol, request, reply, limit, now);
  }

  function levelSet(channel, instance, protocol, request, reply, now) {
    const domain = m[request] >>> 0;
    if (domain >= protocol.domains) return NOT_FOUND;
    if ((instance.permissions[protocol.firstDomain + domain] & 3) !== 3) return DENIED;
    const level = m[request + 1];
    const current = instance.state + ((protocol.firstDomain + domain) << 2);
    if (level >>> 0 < m[current + 2] >>> 0 || level >>> 0 > m[current + 1] >>> 0) return OUT_OF_RANGE;
    const list = protocol.lists + (domain << 1);
    let at = m[list];
    const end = m[list + 1];
    if (at !== end) while (m[at] !== level) if (++at === end) return OUT_OF_RANGE;
    if (observe & 2) changed(channel, 1, domain, m[current] >>> 0, level >>> 0, now);
    m[current] = level;
    m[reply] = SUCCESS;
    return 4;
  }

  function levelGet(instance, protocol, request, reply) {
    const domain = m[request] >>> 0;
    if (domain >= protocol.domains) return NOT_FOUND;
    if (!(instance.permissions[protocol.firstDomain + domain] & 1)) return DENIED;
    m[reply] = SUCCESS;
    m[reply + 1] = m[instance.state + ((protocol.firstDomain + domain) << 2)];
    return 8;
  }

  function rareAnswer(channel, instance, handler, protocol, request, reply, limit, now) {
    switch (handler) {
      case VERSION:
        m[reply] = SUCCESS;
        m[reply + 1] = protocol.version;
        return 8;
      case RATE_SET:
      case RATE_GET:
        return clockAnswer(channel, instance, handler, protocol, request, reply, limit, now);
      case LIMITS_SET:
        return limitsSet(channel, instance, protocol, request, reply, now);
      case STATE_SET:
        return stateSet(channel, instance, protocol, request, reply, now);
      case VOLTAGE_SET:
        return voltageSet(channel, instance, protocol, request, reply, now);
      case READING_GET:
        return readingGet(instance, protocol, request, reply, limit);
      case STATE_GET:
      case VOLTAGE_GET:
      case CAP_GET:
        return levelGet(instance, protocol, request, reply);
      default:
        return pairGet(instance, handler, protocol, request, reply, limit);
    }
  }

  /** 1 when the agent may do what needs these permissions, else the status that says why not. */
  function admit(instance, protocol, domain, needed) {
    if (domain >= protocol.domains) return NOT_FOUND;
    return (instance.permissions[protocol.firstDomain + domain] & needed) === needed ? 1 : DENIED;
  }

  function isListed(protocol, domain, word) {
    const list = protocol.lists + (domain << 1);
    const end = m[list + 1];
    for (let at = m[list]; at < end; at++) if (m[at] === word) return true;
    return false;
  }

  function isLimit(protocol, domain, level) {
    const list = protocol.lists + (domain << 1);
    if (m[list] !== m[list + 1]) return isListed(protocol, domain, level);
    const { max, min } = protocol.described[domain];
    return level >>> 0 >= min && level >>> 0 <= max;
  }

  function limitsSet(channel, instance, protocol, request, reply, now) {
    const domain = m[request] >>> 0;
    const admitted = admit(instance, protocol, domain, 5);
    if (admitted !== 1) return admitted;
    const current = instance.state + ((protocol.firstDomain + domain) << 2);
    let max = m[request + 1];
    let min = m[request + 2];
    if (protocol.version >= 0x30000) {
      if ((max | min) === 0) return OUT_OF_RANGE;
      if (max === 0) max = m[current + 1];
      if (min === 0) min = m[current + 2];
    }
    if (min >>> 0 > max >>> 0) return INVALID_PARAMETERS;
    if (!isLimit(protocol, domain, max) || !isLimit(protocol, domain, min)) return OUT_OF_RANGE;
    if (observe & 2) changed(channel, 3, domain, [m[current + 1], m[current + 2], m[current]], [max, min], now);
    const level = m[current];
    if (level >>> 0 < min >>> 0) m[current] = min;
    else if (level >>> 0 > max >>> 0) m[current] = max;
    m[current + 1] = max;
    m[current + 2] = min;
    m[current + 3] = instance.agent;
    m[reply] = SUCCESS;
    return 4;
  }

  function stateSet(channel, instance, protocol, request, reply, now) {
    const domain = m[request + 1] >>> 0;
    const admitted = admit(instance, protocol, domain, 3);
    if (admitted !== 1) return admitted;
    const flags = m[request];
    const wanted = m[request + 2];
    const list = protocol.lists + (domain << 1);
    const isLegal = m[list] === m[list + 1] ? (wanted & ~0x4fffffff) === 0 : isListed(protocol, domain, wanted);
    if (flags & ~1 || !isLegal) return INVALID_PARAMETERS;
    if (flags !== 0 || !protocol.described[domain].hasSync) return NOT_SUPPORTED;
    const current = instance.state + ((protocol.firstDomain + domain) << 2);
    if (observe & 2) changed(channel, 4, domain, m[current] >>> 0, wanted >>> 0, now);
    m[current] = wanted;
    m[current + 1] = instance.agent;
    m[reply] = SUCCESS;
    return 4;
  }

  function voltageSet(channel, instance, protocol, request, reply, now) {
    const domain = m[request] >>> 0;
    const admitted = admit(instance, protocol, domain, 3);
    if (admitted !== 1) return admitted;
    const flags = m[request + 1];
    if (flags & ~(protocol.version >= 0x20000 ? 1 : 0)) return INVALID_PARAMETERS;
    if (flags !== 0) return NOT_SUPPORTED;
    const level = m[request + 2];
    const { rangeUv } = protocol.described[domain];
    if (rangeUv === undefined ? !isListed(protocol, domain, level) : !isOnGrid(rangeUv, level))
      return INVALID_PARAMETERS;
    const current = instance.state + ((protocol.firstDomain + domain) << 2);
    if (observe & 2) changed(channel, 5, domain, m[current], level, now);
    m[current] = level;
    m[reply] = SUCCESS;
    return 4;
  }

  function readingGet(instance, protocol, request, reply, limit) {
    const sensor = m[request] >>> 0;
    const admitted = admit(instance, protocol, sensor, 1);
    if (admitted !== 1) return admitted;
    const flags = m[request + 1];
    if (flags & ~1) return INVALID_PARAMETERS;
    if (flags !== 0) return NOT_SUPPORTED;
    const bytes = protocol.version >= 0x20000 ? 20 : 12;
    if (bytes > limit) return PROTOCOL_ERROR;
    m[reply] = SUCCESS;
    copy(reply + 1, instance.state + ((protocol.firstDomain + sensor) << 2), bytes - 4);
    return bytes;
  }

  /** LIMITS_GET gives the second and third word of a domain's state, MEASUREMENTS_GET the second and fourth. */
  function pairGet(instance, handler, protocol, request, reply, limit) {
    const domain = m[request] >>> 0;
    const admitted = admit(instance, protocol, domain, 1);
    if (admitted !== 1) return admitted;
    if (handler === MEASUREMENTS_GET && !protocol.described[domain].isMonitored) return NOT_SUPPORTED;
    if (limit < 12) return PROTOCOL_ERROR;
    const current = instance.state + ((protocol.firstDomain + domain) << 2);
    m[reply] = SUCCESS;
    m[reply + 1] = m[current + 1];
    m[reply + 2] = m[handler === LIMITS_GET ? current + 2 : current + 3];
    return 12;
  }

  function clockAnswer(channel, instance, handler, protocol, request, reply, limit, now) {
    const clock = m[handler === RATE_SET ? request + 1 : request] >>> 0;
    if (handler === RATE_GET && limit < 12) return PROTOCOL_ERROR;
    if (clock >= protocol.domains) return NOT_FOUND;
    const permission = instance.permissions[protocol.firstDomain + clock];
    if (!(permission & 1)) return NOT_FOUND;
    const current = instance.state + (protocol.firstDomain + clock) * 4;
    if (handler === RATE_GET) {
      m[reply] = SUCCESS;
      m[reply + 1] = m[current];
      m[reply + 2] = m[current + 1];
      return 12;
    }
    const flags = m[request];
    if (flags & ~15) return INVALID_PARAMETERS;
    if (flags & 1) return NOT_SUPPORTED;
    if (!(permission & 2)) return DENIED;
    const rate = rounded(protocol.described[clock], unsigned64(m[request + 2], m[request + 3]), flags);
    if (rate === undefined) return INVALID_PARAMETERS;
    const before = unsigned64(m[current], m[current + 1]);
    m[current] = Number(rate & 0xffffffffn);
    m[current + 1] = Number(rate >> 32n);
    if (observe & 2) changed(channel, 2, clock, before, rate, now);
    m[reply] = SUCCESS;
    return 4;
  }

  function answer(channel, instance, header, request, requestBytes, reply, limit, now) {
    const bytes = answerOf(channel, instance, header, request, requestBytes, reply, limit, now);
    if (bytes >= 0 && bytes <= limit) return bytes;
    m[reply] = bytes < 0 ? bytes : PROTOCOL_ERROR;
    return 4;
  }

  function serveArea(channel, now) {
    const area = channel.area;
    if (m[area + STATUS] & 1) {
      channel.spurious++;
      return NOTHING;
    }
    if (observe & 2 && events >= EVENT_CAPACITY) return EVENTS_FULL;
    const length = m[area + LENGTH] >>> 0;
    const header = m[area + HEADER];
    const bytes = length - 4;
    if (length < 4 || bytes > channel.areaPayload || bytes > maxPayload) {
      channel.badCommands++;
      if (length >= 4) {
        m[area + PAYLOAD] = PROTOCOL_ERROR;
        m[area + LENGTH] = 8;
      }
      m[area + STATUS] = 3;
      return 0;
    }
    copy(claim, area + PAYLOAD, bytes);
    const replyBytes = answer(channel, channel.instance, header, claim, bytes, area + PAYLOAD, channel.maxPayload, now);
    m[area + LENGTH] = 4 + replyBytes;
    m[area + HEADER] = header;
    if (observe & 1) traces += 2;
    m[area + STATUS] = 1;
    return 0;
  }

  // Tokens and xfers

  function isInFlight(xfer) {
    return xfer.state === POSTED || xfer.state === AWAITING_DELAYED;
  }

  function findLive(instance, token) {
    for (const xfer of instance.xfers) if (isInFlight(xfer) && ((xfer.header >>> 18) & 1023) === token) return xfer;
    return undefined;
  }

  function findHeld(instance, token) {
    return instance.held.findIndex((it) => ((it.header >>> 18) & 1023) === token);
  }

  function takeToken(instance, channel) {
    let token = instance.tokenNext & 1023;
    if (instance.live !== 0 || instance.held.length !== 0) {
      if (instance.live + instance.held.length >= SLOTS) {
        if (instance.held.length === 0) return -1;
        instance.held.shift();
        channel.recycled++;
      }
      while (findLive(instance, token) || findHeld(instance, token) >= 0) token = (token + 1) & 1023;
    }
    instance.live++;
    instance.tokenNext = (token + 1) & 1023;
    return token;
  }

  function finish(xfer, fault, length) {
    xfer.instance.live--;
    xfer.length = length;
    xfer.fault = fault;
    xfer.state = DONE;
  }

  function giveUp(xfer, state, fault) {
    const owes = xfer.state === AWAITING_DELAYED ? OWES_DELAYED : OWES_RESPONSE | (xfer.isAsync ? OWES_DELAYED : 0);
    if (xfer.channel.posted === xfer) xfer.channel.posted = null;
    xfer.instance.live--;
    xfer.instance.held.push({ header: xfer.header, owes });
    xfer.state = state;
    xfer.fault = fault;
    xfer.length = 0;
  }

  // Answers that are not the one waited for

  function judge(channel, header) {
    const instance = channel.instance;
    const token = (header >>> 18) & 1023;
    if (observe & 1) traces++;
    if (header & 0x300 || findLive(instance, token)) {
      channel.malformed++;
      return;
    }
    const i = findHeld(instance, token);
    if (i < 0) {
      channel.unexpected++;
      return;
    }
    const record = instance.held[i];
    if (record.header !== header || !(record.owes & OWES_RESPONSE)) {
      channel.malformed++;
      return;
    }
    channel.late++;
    const isGood = m[channel.area + LENGTH] >>> 0 >= 8 && m[channel.area + PAYLOAD] === SUCCESS;
    record.owes = isGood ? record.owes & ~OWES_RESPONSE : 0;
    if (record.owes === 0) instance.held.splice(i, 1);
  }

  function takeBack(channel) {
    const header = m[channel.area + HEADER];
    const { outstanding } = channel;
    const known = outstanding & ENDED ? outstanding ^ ENDED : channel.stray;
    channel.outstanding = NO_HEADER;
    if (header === outstanding || header !== known) judge(channel, header);
  }

  function send(channel, xfer, command, from, bytes, now) {
    const area = channel.area;
    if (bytes > channel.maxPayload) return TOO_LONG;
    if (channel.posted !== null || !(m[area + STATUS] & 1)) return BUSY;
    if (channel.outstanding !== NO_HEADER) takeBack(channel);
    const token = takeToken(channel.instance, channel);
    if (token < 0) return NO_TOKEN;
    const header = (command & 0x3fcff) | (token << 18);
    xfer.state = POSTED;
    xfer.length = bytes;
    xfer.channel = channel;
    xfer.isAsync = command < 0;
    xfer.fault = 0;
    xfer.header = header;
    xfer.deadline = now + channel.timeout;
    if (xfer.deadline < nextDeadline) nextDeadline = xfer.deadline;
    channel.sent++;
    if (observe & 1) traces++;
    channel.posted = xfer;
    channel.outstanding = header;
    channel.stray = header;
    m[area + FLAGS] = (command >>> 30) & 1;
    m[area + LENGTH] = 4 + bytes;
    m[area + HEADER] = header;
    copy(area + PAYLOAD, from, bytes);
    m[area + STATUS] = 0;
    return 0;
  }

  /** The answer goes to word `to`, where `limit` bytes fit, or to the xfer when `to` is -1. The xfer's index, or a fault. */
  function settleArea(channel, to, limit, now) {
    const area = channel.area;
    if (channel.outstanding === NO_HEADER) return NOTHING;
    const bits = m[area + STATUS] & 3;
    if (bits === 0) return NOTHING;
    const xfer = channel.posted;
    if (xfer === null) {
      if (bits & 1) takeBack(channel);
      return NOTHING;
    }
    const header = m[area + HEADER];
    if (header !== xfer.header) {
      if (channel.stray !== header) {
        channel.stray = header;
        judge(channel, header);
      }
      return NOTHING;
    }
    channel.posted = null;
    channel.outstanding = bits & 1 ? NO_HEADER : header | ENDED;
    if (bits & 2) {
      channel.errors++;
      if (observe & 1) traces++;
      finish(xfer, CHANNEL_ERROR, 0);
      return xfer.index;
    }
    const length = m[area + LENGTH] >>> 0;
    const bytes = length - 4;
    if (observe & 1) traces++;
    if (length < 8 || bytes > channel.maxPayload || bytes > channel.areaPayload) {
      channel.malformed++;
      finish(xfer, MALFORMED, 0);
      return xfer.index;
    }
    if (to >= 0 && bytes > limit) {
      channel.responses++;
      finish(xfer, TOO_LONG, 0);
      return xfer.index;
    }
    const target = to >= 0 ? to : xfer.payload;
    copy(target, area + PAYLOAD, bytes);
    channel.responses++;
    if (xfer.isAsync && m[target] === SUCCESS) {
      xfer.length = bytes;
      xfer.state = AWAITING_DELAYED;
      xfer.deadline = now + channel.delayedTimeout;
      if (xfer.deadline < nextDeadline) nextDeadline = xfer.deadline;
    } else {
      finish(xfer, 0, bytes);
    }
    return xfer.index;
  }

  /** The ordinary exchange in one piece, as in the core. Payload bytes of the answer, which stands in the area, or -1. */
  function ordinaryExchange(channel, instance, command, from, bytes, now) {
    const area = channel.area;
    const limit = channel.maxPayload;
    if (
      observe !== 0 ||
      channel.outstanding !== NO_HEADER ||
      instance.live !== 0 ||
      instance.held.length !== 0 ||
      command < 0
    )
      return -1;
    if (!(m[area + STATUS] & 1) || bytes > limit) return -1;
    const token = instance.tokenNext;
    const header = (command & 0x3fcff) | (token << 18);
    // Nobody looks before the answer is there, as in the core: the parameters are judged where they are
    copy(area + PAYLOAD, from, bytes);
    const replyBytes = answer(channel, instance, header, from, bytes, area + PAYLOAD, limit, now);
    m[area + FLAGS] = (command >>> 30) & 1;
    m[area + LENGTH] = 4 + replyBytes;
    m[area + HEADER] = header;
    m[area + STATUS] = 1;
    instance.tokenNext = (token + 1) & 1023;
    channel.sent++;
    channel.responses++;
    return replyBytes;
  }

  function acquire(instanceIndex) {
    if (instanceIndex >= instances.length) return INDEX;
    const free = instances[instanceIndex].free;
    if (free.length === 0) return NO_XFER;
    const xfer = free.pop();
    xfer.state = ACQUIRED;
    xfer.fault = 0;
    return xfer.index;
  }

  function release(index) {
    if (index >= xfers.length) return INDEX;
    const xfer = xfers[index];
    if (xfer.state === IDLE || isInFlight(xfer)) return STATE;
    xfer.state = IDLE;
    xfer.instance.free.push(xfer);
    return 0;
  }

  function post(channelIndex, index, command, bytes, now) {
    if (channelIndex >= channels.length || index >= xfers.length) return INDEX;
    const xfer = xfers[index];
    if (xfer.state === IDLE || isInFlight(xfer)) return STATE;
    const channel = channels[channelIndex];
    if (channel.instance !== xfer.instance) return CHANNEL_KIND;
    return send(channel, xfer, command, xfer.payload, bytes, now);
  }

  function serve(channelIndex, now) {
    return channelIndex < channels.length ? serveArea(channels[channelIndex], now) : INDEX;
  }

  function settle(channelIndex, now) {
    return channelIndex < channels.length ? settleArea(channels[channelIndex], -1, 0, now) : INDEX;
  }

  function exchange(channelIndex, index, command, bytes, now) {
    if (channelIndex >= channels.length || index >= xfers.length) return INDEX;
    const xfer = xfers[index];
    if (xfer.state === IDLE || xfer.state === POSTED || xfer.state === AWAITING_DELAYED) return STATE;
    const channel = channels[channelIndex];
    const instance = channel.instance;
    if (instance !== xfer.instance) return CHANNEL_KIND;
    const payload = xfer.payload;
    const answered = ordinaryExchange(channel, instance, command, payload, bytes, now);
    if (answered >= 0) {
      const area = channel.area;
      copy(payload, area + PAYLOAD, answered);
      xfer.header = m[area + HEADER];
      xfer.length = answered;
      xfer.fault = 0;
      xfer.state = DONE;
      return DONE;
    }
    const fault = send(channel, xfer, command, payload, bytes, now);
    if (fault < 0) return fault;
    serveArea(channel, now);
    settleArea(channel, -1, 0, now);
    return xfer.state;
  }

  function abort(index) {
    if (index >= xfers.length) return INDEX;
    const xfer = xfers[index];
    if (!isInFlight(xfer)) return STATE;
    xfer.channel.aborted++;
    giveUp(xfer, ABORTED, GAVE_UP);
    return 0;
  }

  function tick(now) {
    if (now < nextDeadline) return NOTHING;
    let earliest = Number.POSITIVE_INFINITY;
    for (const xfer of xfers) {
      if (!isInFlight(xfer)) continue;
      if (now >= xfer.deadline) {
        xfer.channel.timeouts++;
        if (observe & 1) traces++;
        giveUp(xfer, TIMED_OUT, xfer.state === POSTED ? RESPONSE_TIMEOUT : DELAYED_TIMEOUT);
        return xfer.index;
      }
      if (xfer.deadline < earliest) earliest = xfer.deadline;
    }
    nextDeadline = earliest;
    return NOTHING;
  }

  function complete(entry, completion, fault, length, header) {
    m[completion] = m[entry + 3];
    m[completion + 1] = fault;
    m[completion + 2] = length;
    m[completion + 3] = header;
    return 0;
  }

  function runUnusual(channel, entry, completion, now) {
    const command = m[entry + 1];
    const bytes = m[entry + 2] >>> 0;
    if (command < 0) return complete(entry, completion, CHANNEL_KIND, 0, 0);
    if (bytes > room) return complete(entry, completion, TOO_LONG, 0, 0);
    const index = acquire(channel.instance === undefined ? -1 : instances.indexOf(channel.instance));
    if (index < 0) return complete(entry, completion, index, 0, 0);
    const xfer = xfers[index];
    const fault = send(channel, xfer, command, entry + 4, bytes, now);
    if (fault < 0) {
      release(index);
      return complete(entry, completion, fault, 0, 0);
    }
    serveArea(channel, now);
    settleArea(channel, completion + 4, room, now);
    // Going on with such an entry later is not part of the work that is compared
    if (isInFlight(xfer)) return HOST_NEEDED;
    complete(entry, completion, xfer.fault, xfer.length, xfer.header);
    release(index);
    return 0;
  }

  function runEntry(entry, completion, now) {
    const channelIndex = m[entry] >>> 0;
    if (channelIndex >= channels.length) return complete(entry, completion, INDEX, 0, 0);
    const channel = channels[channelIndex];
    const instance = channel.instance;
    const bytes = m[entry + 2] >>> 0;
    if (bytes > room || instance.free.length === 0) return runUnusual(channel, entry, completion, now);
    const answered = ordinaryExchange(channel, instance, m[entry + 1], entry + 4, bytes, now);
    if (answered < 0) return runUnusual(channel, entry, completion, now);
    const area = channel.area;
    const header = m[area + HEADER];
    if (answered > room) return complete(entry, completion, TOO_LONG, 0, header);
    copy(completion + 4, area + PAYLOAD, answered);
    return complete(entry, completion, 0, answered, header);
  }

  function run(budget, now) {
    let count = Math.min(budget, submissionTail - submissionHead);
    const space = capacity - (completionTail - completionHead);
    runStop = 0;
    if (count > space) {
      count = space;
      runStop = COMPLETIONS_FULL;
    }
    let done = 0;
    for (; done < count; done++) {
      const entry = submissions + ((submissionHead + done) & mask) * stride;
      const completion = completions + ((completionTail + done) & mask) * stride;
      const stop = runEntry(entry, completion, now);
      if (stop !== 0) {
        runStop = stop;
        break;
      }
    }
    submissionHead += done;
    completionTail += done;
    return done;
  }

  return {
    acquire,
    release,
    post,
    serve,
    settle,
    exchange,
    abort,
    tick,
    run,
    runStop: () => runStop,
    xfer: (index) => xfers[index],
    payload: (index) => bytesOf.subarray(xfers[index].payload * 4, xfers[index].payload * 4 + maxPayload),
    area: (channel) => bytesOf.subarray(areaAt[channel] * 4, areaAt[channel] * 4 + plan.instances[channel].areaBytes),
    setToken: (instance, token) => {
      instances[instance].tokenNext = token & 1023;
    },
    setObserve: (bits) => {
      observe = bits;
    },
    counters: (channel) => channels[channel],
    level: (channel, domain) => {
      const first = firstDomain[plan.protocols.findIndex(({ id }) => id === 0x13)];
      return m[instances[channel].state + (first + domain) * 4];
    },
    rings: () => [events, traces],
    /** The next free submission entry, as bytes, once its four head words are written. */
    submit: (channel, command, length, tag) => {
      const entry = submissions + (submissionTail & mask) * stride;
      submissionTail++;
      m[entry] = channel;
      m[entry + 1] = command;
      m[entry + 2] = length;
      m[entry + 3] = tag;
      return bytesOf.subarray(entry * 4 + 16, entry * 4 + 16 + room);
    },
    complete: () => {
      const completion = completions + (completionHead & mask) * stride;
      completionHead++;
      const at = completion * 4 + 16;
      return {
        tag: m[completion],
        fault: m[completion + 1],
        length: m[completion + 2],
        header: m[completion + 3],
        payload: bytesOf.subarray(at, at + m[completion + 2]),
      };
    },

    // The timed loops stand here, where they see the arrays as constants. What they do is bench/peers/driver.h's

    exchangeLoop(ops, { command, requestBytes, replyBytes }, levels, start) {
      const index = acquire(0);
      const payload = xfers[index].payload;
      const last = replyBytes >> 2;
      let now = start;
      let sum = 0;
      let bad = 0;
      const begin = process.hrtime.bigint();
      for (let i = 0; i < ops; i++) {
        now += 100;
        m[payload] = i & 1;
        m[payload + 1] = levels[i & 7];
        bad |= exchange(0, index, command, requestBytes, now) ^ DONE;
        bad |= m[payload];
        sum = (sum + m[payload + last]) | 0;
      }
      const end = process.hrtime.bigint();
      release(index);
      return { ns: Number(end - begin), sum, bad };
    },
    batchLoop(ops, { command, requestBytes, replyBytes }, levels, start, size, order, first) {
      let sum = 0;
      let bad = 0;
      let now = start;
      let next = first;
      for (let i = 0; i < ops; i++) {
        const entry = submissions + ((submissionTail + i) & mask) * stride;
        m[entry] = order ? order[next] : 0;
        if (order && ++next === order.length) next = 0;
        m[entry + 1] = command;
        m[entry + 2] = requestBytes;
        m[entry + 3] = i;
        m[entry + 4] = order ? 0 : i & 1;
        m[entry + 5] = levels[i & 7];
      }
      submissionTail += ops;
      const begin = process.hrtime.bigint();
      for (let done = 0; done < ops; done += size) {
        now += 100;
        bad |= run(size, now) ^ size;
      }
      const end = process.hrtime.bigint();
      for (let i = 0; i < ops; i++) {
        const result = completions + ((completionHead + i) & mask) * stride;
        bad |= (m[result] ^ i) | m[result + 1] | m[result + 4] | (m[result + 2] ^ (replyBytes + 4));
        sum = (sum + m[result + 4 + (replyBytes >> 2)]) | 0;
      }
      completionHead += ops;
      return { ns: Number(end - begin), sum, bad };
    },
    mixedLoop(ops, mix, start, size) {
      let sum = 0;
      let bad = 0;
      let now = start;
      for (let i = 0, k = 0, variant = 0; i < ops; i++) {
        const { command, requests, requestWords } = mix[k];
        const request = requests[variant];
        const entry = submissions + ((submissionTail + i) & mask) * stride;
        m[entry] = 0;
        m[entry + 1] = command;
        m[entry + 2] = requestWords * 4;
        m[entry + 3] = i;
        for (let w = 0; w < requestWords; w++) m[entry + 4 + w] = request[w];
        if (++k === mix.length) {
          k = 0;
          variant ^= 1;
        }
      }
      submissionTail += ops;
      const begin = process.hrtime.bigint();
      for (let done = 0; done < ops; done += size) {
        now += 100;
        bad |= run(size, now) ^ size;
      }
      const end = process.hrtime.bigint();
      for (let i = 0, k = 0; i < ops; i++) {
        const { replyWords } = mix[k];
        const result = completions + ((completionHead + i) & mask) * stride;
        bad |= (m[result] ^ i) | m[result + 1] | m[result + 4] | (m[result + 2] ^ (replyWords * 4 + 4));
        sum = (sum + m[result + 4 + replyWords]) | 0;
        if (++k === mix.length) k = 0;
      }
      completionHead += ops;
      return { ns: Number(end - begin), sum, bad };
    },
    halfLoop(ops, command, requestBytes, replyBytes, isPost, now, indices) {
      let sum = 0;
      let bad = 0;
      for (let i = 0; i < ops; i++) {
        indices[i] = acquire(i);
        const at = xfers[indices[i]].payload * 4;
        bytesOf.fill(i & 255, at, at + Math.max(requestBytes, replyBytes));
      }
      const begin = process.hrtime.bigint();
      for (let i = 0; i < ops; i++) bad |= post(i, indices[i], command, requestBytes, now);
      const middle = process.hrtime.bigint();
      for (let i = 0; i < ops; i++) bad |= serve(i, now);
      const third = process.hrtime.bigint();
      for (let i = 0; i < ops; i++) bad |= settle(i, now) ^ indices[i];
      const end = process.hrtime.bigint();
      for (let i = 0; i < ops; i++) {
        const xfer = xfers[indices[i]];
        bad |= xfer.length ^ (replyBytes + 4);
        sum = (sum + m[xfer.payload + (replyBytes >> 2)]) | 0;
        bad |= release(indices[i]);
      }
      return { ns: Number(isPost ? middle - begin : end - third), sum, bad };
    },
    acquireLoop(ops) {
      let sum = 0;
      let bad = 0;
      const begin = process.hrtime.bigint();
      for (let i = 0; i < ops; i++) {
        const index = acquire(0);
        bad |= release(index);
        sum = (sum + index) | 0;
      }
      return { ns: Number(process.hrtime.bigint() - begin), sum, bad };
    },
  };
}

/** What a domain lists, as words. */
function listOf({ levels, states, levelsUv }) {
  return levels ?? states ?? levelsUv ?? [];
}

/** The four words that the state of a domain starts with, as the core has them. */
function firstState(domain) {
  const halves = (value) => [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
  if ("rate" in domain) return halves(domain.rate);
  if ("reading" in domain) return [...halves(domain.reading), ...halves(domain.timestamp)];
  if ("cap" in domain) return [domain.cap, domain.power, 0, domain.interval];
  if ("min" in domain) return [domain.level, domain.max, domain.min];
  return [domain.state ?? domain.levelUv];
}

function isOnGrid([lowest, highest, step], level) {
  return level >= lowest && level <= highest && (step === 0 || (level - lowest) % step === 0);
}

function unsigned64(low, high) {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** The rate that `wanted` becomes, or undefined. */
function rounded({ rates, range }, wanted, flags) {
  let below;
  let above;
  if (range) {
    const [lowest, highest, step] = range;
    if (wanted < lowest || wanted > highest) return undefined;
    if (step === 0n) return wanted;
    below = wanted - ((wanted - lowest) % step);
    above = below === wanted ? below : highest - below >= step ? below + step : undefined;
  } else {
    const i = rates.findIndex((rate) => rate >= wanted);
    if (i < 0) return undefined;
    if (rates[i] === wanted) return wanted;
    if (i === 0) return undefined;
    below = rates[i - 1];
    above = rates[i];
  }
  if (flags & 8) return above === undefined || wanted - below <= above - wanted ? below : above;
  return flags & 4 ? above : below;
}
