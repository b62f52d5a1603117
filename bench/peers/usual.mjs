// Peer: usual JavaScript, as most people would write it: classes, DataView for every field, Map for what waits and for what is
// implemented, a Uint8Array.set for each copy. The work, the checks and the rules are the core's (docs/abi.md sections 3 to 7).

const SLOTS = 8;
const TOKENS = 1024;
const OWES_RESPONSE = 1;
const OWES_DELAYED = 2;
const EVENT_CAPACITY = 64;

const XFER = { IDLE: 0, ACQUIRED: 1, POSTED: 2, AWAITING_DELAYED: 3, DONE: 4, TIMED_OUT: 5, ABORTED: 6 };
const SMT = { STATUS: 4, FLAGS: 16, LENGTH: 20, HEADER: 24, PAYLOAD: 28 };
const FREE = 1;
const ERROR = 2;
const FAULT = {
  NOTHING: -1,
  INDEX: -2,
  STATE: -3,
  BUSY: -4,
  LENGTH: -5,
  NO_XFER: -6,
  NO_TOKEN: -7,
  EVENTS_FULL: -9,
  COMPLETIONS_FULL: -10,
  HOST_NEEDED: -11,
  RESPONSE_TIMEOUT: -12,
  DELAYED_TIMEOUT: -13,
  MALFORMED: -14,
  CHANNEL_ERROR: -15,
  CHANNEL_KIND: -17,
  ABORTED: -23,
};
const SCMI = {
  SUCCESS: 0,
  NOT_SUPPORTED: -1,
  INVALID_PARAMETERS: -2,
  DENIED: -3,
  NOT_FOUND: -4,
  OUT_OF_RANGE: -5,
  PROTOCOL_ERROR: -10,
};
const ANY_BYTES = 0xffff;

const tokenOf = (header) => (header >>> 18) & 0x3ff;
const typeOf = (header) => (header >>> 8) & 3;

class Instance {
  constructor(agent, xferCount, state, firstIndex, maxPayload) {
    this.agent = agent;
    this.state = state;
    this.tokenNext = 0;
    this.pending = new Map();
    this.held = new Map();
    this.xfers = Array.from({ length: xferCount }, (_, i) => new Xfer(firstIndex + i, this, maxPayload));
    this.free = [...this.xfers].reverse();
  }

  takeToken(channel) {
    if (this.pending.size + this.held.size >= SLOTS) {
      if (this.held.size === 0) return undefined;
      // A Map remembers the order of insertion: the first one is the oldest
      this.held.delete(this.held.keys().next().value);
      channel.counters.recycled++;
    }
    let token = this.tokenNext;
    while (this.pending.has(token) || this.held.has(token)) token = (token + 1) % TOKENS;
    this.tokenNext = (token + 1) % TOKENS;
    return token;
  }
}

class Xfer {
  constructor(index, instance, maxPayload) {
    this.index = index;
    this.instance = instance;
    this.payload = new Uint8Array(maxPayload);
    this.view = new DataView(this.payload.buffer);
    this.state = XFER.IDLE;
    this.length = 0;
    this.header = 0;
    this.fault = 0;
    this.isAsync = false;
    this.deadline = 0;
    this.channel = undefined;
  }

  get isInFlight() {
    return this.state === XFER.POSTED || this.state === XFER.AWAITING_DELAYED;
  }

  finish(fault, length) {
    this.instance.pending.delete(tokenOf(this.header));
    this.fault = fault;
    this.length = length;
    this.state = XFER.DONE;
  }

  giveUp(state, fault) {
    const owes =
      this.state === XFER.AWAITING_DELAYED ? OWES_DELAYED : OWES_RESPONSE | (this.isAsync ? OWES_DELAYED : 0);
    if (this.channel.posted === this) this.channel.posted = undefined;
    this.instance.pending.delete(tokenOf(this.header));
    this.instance.held.set(tokenOf(this.header), { header: this.header, owes });
    this.state = state;
    this.fault = fault;
    this.length = 0;
  }
}

class Channel {
  constructor(index, instance, areaBytes, maxPayload) {
    this.index = index;
    this.instance = instance;
    this.area = new Uint8Array(areaBytes);
    this.view = new DataView(this.area.buffer);
    this.areaPayload = areaBytes - SMT.PAYLOAD;
    this.maxPayload = Math.min(maxPayload, this.areaPayload);
    this.posted = undefined;
    this.outstanding = undefined;
    this.stray = undefined;
    this.hasEnded = false;
    this.timeout = 30e6;
    this.delayedTimeout = 2e9;
    this.counters = {
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
    };
    this.view.setUint32(SMT.STATUS, FREE, true);
  }
}

export class Usual {
  constructor(plan) {
    this.plan = plan;
    this.observe = 0;
    this.events = [];
    this.traces = 0;
    this.submissions = [];
    this.taken = 0;
    this.completions = [];
    this.stop = 0;
    this.request = new Uint8Array(plan.maxPayload);
    this.requestView = new DataView(this.request.buffer);
    this.reply = new Uint8Array(plan.maxPayload);
    this.replyView = new DataView(this.reply.buffer);
    this.states = plan.states.map(() => plan.protocols.map(({ domains }) => domains.map((domain) => ({ ...domain }))));
    this.protocols = new Map(
      plan.protocols.map((it, row) => [it.id, { ...it, row, messages: new Map(), domains: it.domains }]),
    );
    for (const message of plan.messages) {
      const reply = message.reply && new Uint8Array(Uint32Array.from(message.reply).buffer);
      this.protocols.get(plan.protocols[message.protocol].id).messages.set(message.id, { ...message, reply });
    }
    this.handlers = new Map([
      [2, this.constant],
      [3, this.version],
      [4, this.levelSet],
      [5, this.levelGet],
      [6, this.rateSet],
      [7, this.rateGet],
      [8, this.limitsSet],
      [9, this.limitsGet],
      [10, this.stateSet],
      [11, this.stateGet],
      [12, this.voltageSet],
      [13, this.voltageGet],
      [14, this.readingGet],
      [15, this.capGet],
      [16, this.measurementsGet],
    ]);
    let index = 0;
    this.instances = plan.instances.map(({ agent, xfers, state }) => {
      const instance = new Instance(agent, xfers, this.states[state], index, plan.maxPayload);
      index += xfers;
      return instance;
    });
    this.xfers = this.instances.flatMap(({ xfers }) => xfers);
    this.channels = plan.instances.map(
      ({ areaBytes }, i) => new Channel(i, this.instances[i], areaBytes, plan.maxPayload),
    );
  }

  // The platform: handlers answer with the bytes they wrote, or with a negative status

  constant({ reply }, _protocol, _channel, room) {
    if (4 + reply.length > room) return SCMI.PROTOCOL_ERROR;
    this.replyView.setInt32(0, SCMI.SUCCESS, true);
    this.reply.set(reply, 4);
    return 4 + reply.length;
  }

  version(_message, { version }) {
    this.replyView.setInt32(0, SCMI.SUCCESS, true);
    this.replyView.setUint32(4, version, true);
    return 8;
  }

  levelSet(_message, protocol, channel, _room, now) {
    const { agent, state } = channel.instance;
    const domain = this.requestView.getUint32(0, true);
    const level = this.requestView.getUint32(4, true);
    if (domain >= protocol.domains.length) return SCMI.NOT_FOUND;
    const { permissions, levels } = protocol.domains[domain];
    if ((permissions[agent - 1] & 3) !== 3) return SCMI.DENIED;
    const current = state[protocol.row][domain];
    if (level < current.min || level > current.max) return SCMI.OUT_OF_RANGE;
    if (levels.length > 0 && !levels.includes(level)) return SCMI.OUT_OF_RANGE;
    const before = current.level;
    current.level = level;
    if (this.observe & 2) this.changed(channel, domain, before, level, now);
    this.replyView.setInt32(0, SCMI.SUCCESS, true);
    return 4;
  }

  levelGet(_message, protocol, { instance }) {
    const domain = this.requestView.getUint32(0, true);
    if (domain >= protocol.domains.length) return SCMI.NOT_FOUND;
    if (!(protocol.domains[domain].permissions[instance.agent - 1] & 1)) return SCMI.DENIED;
    this.replyView.setInt32(0, SCMI.SUCCESS, true);
    this.replyView.setUint32(4, instance.state[protocol.row][domain].level, true);
    return 8;
  }

  rateSet(_message, protocol, channel, _room, now) {
    const { agent, state } = channel.instance;
    const flags = this.requestView.getUint32(0, true);
    const clock = this.requestView.getUint32(4, true);
    if (clock >= protocol.domains.length) return SCMI.NOT_FOUND;
    const permission = protocol.domains[clock].permissions[agent - 1];
    if (!(permission & 1)) return SCMI.NOT_FOUND;
    if (flags & ~15) return SCMI.INVALID_PARAMETERS;
    if (flags & 1) return SCMI.NOT_SUPPORTED;
    if (!(permission & 2)) return SCMI.DENIED;
    const rate = round(protocol.domains[clock], this.requestView.getBigUint64(8, true), flags);
    if (rate === undefined) return SCMI.INVALID_PARAMETERS;
    const current = state[protocol.row][clock];
    const before = current.rate;
    current.rate = rate;
    if (this.observe & 2) this.changed(channel, clock, before, rate, now);
    this.replyView.setInt32(0, SCMI.SUCCESS, true);
    return 4;
  }

  rateGet(_message, protocol, { instance }, room) {
    if (room < 12) return SCMI.PROTOCOL_ERROR;
    const clock = this.requestView.getUint32(0, true);
    if (clock >= protocol.domains.length) return SCMI.NOT_FOUND;
    if (!(protocol.domains[clock].permissions[instance.agent - 1] & 1)) return SCMI.NOT_FOUND;
    this.replyView.setInt32(0, SCMI.SUCCESS, true);
    this.replyView.setBigUint64(4, instance.state[protocol.row][clock].rate, true);
    return 12;
  }

  /** The domain's description and its state, or the status that says why the agent may not use it. */
  admit(protocol, { instance }, domain, needed) {
    if (domain >= protocol.domains.length) return { status: SCMI.NOT_FOUND };
    const described = protocol.domains[domain];
    if ((described.permissions[instance.agent - 1] & needed) !== needed) return { status: SCMI.DENIED };
    return { status: SCMI.SUCCESS, described, current: instance.state[protocol.row][domain] };
  }

  /** SUCCESS and these words. */
  words(room, ...values) {
    if (4 + values.length * 4 > room) return SCMI.PROTOCOL_ERROR;
    this.replyView.setInt32(0, SCMI.SUCCESS, true);
    for (const [i, value] of values.entries()) this.replyView.setUint32(4 + i * 4, value, true);
    return 4 + values.length * 4;
  }

  limitsSet(_message, protocol, channel, room, now) {
    const domain = this.requestView.getUint32(0, true);
    const { status, described, current } = this.admit(protocol, channel, domain, 5);
    if (status !== SCMI.SUCCESS) return status;
    let max = this.requestView.getUint32(4, true);
    let min = this.requestView.getUint32(8, true);
    if (protocol.version >= 0x30000) {
      if (max === 0 && min === 0) return SCMI.OUT_OF_RANGE;
      max ||= current.max;
      min ||= current.min;
    }
    if (min > max) return SCMI.INVALID_PARAMETERS;
    const isLimit = (level) =>
      described.levels.length > 0 ? described.levels.includes(level) : level >= described.min && level <= described.max;
    if (!isLimit(max) || !isLimit(min)) return SCMI.OUT_OF_RANGE;
    const before = { max: current.max, min: current.min, level: current.level };
    current.max = max;
    current.min = min;
    current.level = Math.min(max, Math.max(min, current.level));
    current.limitsAgent = channel.instance.agent;
    if (this.observe & 2) this.changed(channel, domain, before, { max, min, level: current.level }, now);
    return this.words(room);
  }

  limitsGet(_message, protocol, channel, room) {
    const { status, current } = this.admit(protocol, channel, this.requestView.getUint32(0, true), 1);
    return status === SCMI.SUCCESS ? this.words(room, current.max, current.min) : status;
  }

  stateSet(_message, protocol, channel, room, now) {
    const flags = this.requestView.getUint32(0, true);
    const domain = this.requestView.getUint32(4, true);
    const wanted = this.requestView.getUint32(8, true);
    const { status, described, current } = this.admit(protocol, channel, domain, 3);
    if (status !== SCMI.SUCCESS) return status;
    const { states, hasSync } = described;
    const isLegal = states.length > 0 ? states.includes(wanted) : (wanted & ~0x4fffffff) === 0;
    if (flags > 1 || !isLegal) return SCMI.INVALID_PARAMETERS;
    if (flags === 1 || !hasSync) return SCMI.NOT_SUPPORTED;
    const before = current.state;
    current.state = wanted;
    current.stateAgent = channel.instance.agent;
    if (this.observe & 2) this.changed(channel, domain, before, wanted, now);
    return this.words(room);
  }

  stateGet(_message, protocol, channel, room) {
    const { status, current } = this.admit(protocol, channel, this.requestView.getUint32(0, true), 1);
    return status === SCMI.SUCCESS ? this.words(room, current.state) : status;
  }

  voltageSet(_message, protocol, channel, room, now) {
    const domain = this.requestView.getUint32(0, true);
    const flags = this.requestView.getUint32(4, true);
    const level = this.requestView.getInt32(8, true);
    const { status, described, current } = this.admit(protocol, channel, domain, 3);
    if (status !== SCMI.SUCCESS) return status;
    if (flags > (protocol.version >= 0x20000 ? 1 : 0)) return SCMI.INVALID_PARAMETERS;
    if (flags === 1) return SCMI.NOT_SUPPORTED;
    if (!isVoltage(described, level)) return SCMI.INVALID_PARAMETERS;
    const before = current.levelUv;
    current.levelUv = level;
    if (this.observe & 2) this.changed(channel, domain, before, level, now);
    return this.words(room);
  }

  voltageGet(_message, protocol, channel, room) {
    const { status, current } = this.admit(protocol, channel, this.requestView.getUint32(0, true), 1);
    return status === SCMI.SUCCESS ? this.words(room, current.levelUv) : status;
  }

  readingGet(_message, protocol, channel, room) {
    const { status, current } = this.admit(protocol, channel, this.requestView.getUint32(0, true), 1);
    if (status !== SCMI.SUCCESS) return status;
    const flags = this.requestView.getUint32(4, true);
    if (flags > 1) return SCMI.INVALID_PARAMETERS;
    if (flags === 1) return SCMI.NOT_SUPPORTED;
    const bytes = protocol.version >= 0x20000 ? 20 : 12;
    if (bytes > room) return SCMI.PROTOCOL_ERROR;
    this.replyView.setInt32(0, SCMI.SUCCESS, true);
    this.replyView.setBigInt64(4, current.reading, true);
    if (bytes > 12) this.replyView.setBigUint64(12, current.timestamp, true);
    return bytes;
  }

  capGet(_message, protocol, channel, room) {
    const { status, current } = this.admit(protocol, channel, this.requestView.getUint32(0, true), 1);
    return status === SCMI.SUCCESS ? this.words(room, current.cap) : status;
  }

  measurementsGet(_message, protocol, channel, room) {
    const { status, described, current } = this.admit(protocol, channel, this.requestView.getUint32(0, true), 1);
    if (status !== SCMI.SUCCESS) return status;
    return described.isMonitored ? this.words(room, current.power, current.interval) : SCMI.NOT_SUPPORTED;
  }

  changed(channel, domain, before, after, now) {
    this.events.push({ now, channel: channel.index, agent: channel.instance.agent, domain, before, after });
  }

  answer(channel, header, requestBytes, now) {
    if (typeOf(header) !== 0) return SCMI.PROTOCOL_ERROR;
    const protocol = this.protocols.get((header >>> 10) & 0xff);
    if (!protocol) return SCMI.NOT_SUPPORTED;
    if (!protocol.agents[channel.instance.agent - 1]) return SCMI.DENIED;
    const message = protocol.messages.get(header & 0xff);
    if (!message) return SCMI.NOT_FOUND;
    if (message.requestBytes !== ANY_BYTES && message.requestBytes !== requestBytes) return SCMI.PROTOCOL_ERROR;
    return this.handlers.get(message.handler).call(this, message, protocol, channel, channel.maxPayload, now);
  }

  serveArea(channel, now) {
    const { area, view } = channel;
    if (view.getUint32(SMT.STATUS, true) & FREE) {
      channel.counters.spurious++;
      return FAULT.NOTHING;
    }
    if (this.observe & 2 && this.events.length >= EVENT_CAPACITY) return FAULT.EVENTS_FULL;
    const length = view.getUint32(SMT.LENGTH, true);
    const header = view.getUint32(SMT.HEADER, true);
    if (length < 4 || length - 4 > channel.areaPayload || length - 4 > this.plan.maxPayload) {
      channel.counters.badCommands++;
      if (length >= 4) {
        view.setInt32(SMT.PAYLOAD, SCMI.PROTOCOL_ERROR, true);
        view.setUint32(SMT.LENGTH, 8, true);
      }
      view.setUint32(SMT.STATUS, FREE | ERROR, true);
      return 0;
    }
    this.request.set(area.subarray(SMT.PAYLOAD, SMT.PAYLOAD + length - 4));
    let bytes = this.answer(channel, header, length - 4, now);
    if (bytes < 0 || bytes > channel.maxPayload) {
      this.replyView.setInt32(0, bytes < 0 ? bytes : SCMI.PROTOCOL_ERROR, true);
      bytes = 4;
    }
    area.set(this.reply.subarray(0, bytes), SMT.PAYLOAD);
    view.setUint32(SMT.LENGTH, 4 + bytes, true);
    view.setUint32(SMT.HEADER, header, true);
    if (this.observe & 1) this.traces += 2;
    view.setUint32(SMT.STATUS, FREE, true);
    return 0;
  }

  // The agent

  judge(channel, header) {
    const { instance, view, counters } = channel;
    const token = tokenOf(header);
    if (this.observe & 1) this.traces++;
    if (typeOf(header) !== 0 || instance.pending.has(token)) {
      counters.malformed++;
      return;
    }
    const record = instance.held.get(token);
    if (!record) {
      counters.unexpected++;
      return;
    }
    if (record.header !== header || !(record.owes & OWES_RESPONSE)) {
      counters.malformed++;
      return;
    }
    counters.late++;
    const isGood = view.getUint32(SMT.LENGTH, true) >= 8 && view.getInt32(SMT.PAYLOAD, true) === SCMI.SUCCESS;
    record.owes = isGood ? record.owes & ~OWES_RESPONSE : 0;
    if (record.owes === 0) instance.held.delete(token);
  }

  takeBack(channel) {
    const header = channel.view.getUint32(SMT.HEADER, true);
    const isOutstanding = !channel.hasEnded && header === channel.outstanding;
    const known = channel.hasEnded ? channel.outstanding : channel.stray;
    channel.outstanding = undefined;
    if (isOutstanding || header !== known) this.judge(channel, header);
  }

  send(channel, xfer, command, payload, bytes, now) {
    const { area, view } = channel;
    if (bytes > channel.maxPayload) return FAULT.LENGTH;
    if (channel.posted || !(view.getUint32(SMT.STATUS, true) & FREE)) return FAULT.BUSY;
    if (channel.outstanding !== undefined) this.takeBack(channel);
    const token = channel.instance.takeToken(channel);
    if (token === undefined) return FAULT.NO_TOKEN;
    const header = (command & 0x3fcff) | (token << 18);
    xfer.header = header;
    xfer.state = XFER.POSTED;
    xfer.length = bytes;
    xfer.channel = channel;
    xfer.isAsync = command < 0;
    xfer.fault = 0;
    xfer.deadline = now + channel.timeout;
    channel.instance.pending.set(token, xfer);
    channel.counters.sent++;
    if (this.observe & 1) this.traces++;
    channel.posted = xfer;
    channel.outstanding = header;
    channel.hasEnded = false;
    channel.stray = header;
    view.setUint32(SMT.FLAGS, (command >>> 30) & 1, true);
    view.setUint32(SMT.LENGTH, 4 + bytes, true);
    view.setUint32(SMT.HEADER, header, true);
    area.set(payload.subarray(0, bytes), SMT.PAYLOAD);
    view.setUint32(SMT.STATUS, 0, true);
    return 0;
  }

  settleArea(channel, now) {
    const { area, view, counters } = channel;
    if (channel.outstanding === undefined) return FAULT.NOTHING;
    const bits = view.getUint32(SMT.STATUS, true) & (FREE | ERROR);
    if (!bits) return FAULT.NOTHING;
    if (!channel.posted) {
      if (bits & FREE) this.takeBack(channel);
      return FAULT.NOTHING;
    }
    const header = view.getUint32(SMT.HEADER, true);
    const xfer = channel.instance.pending.get(tokenOf(header));
    if (!xfer || xfer !== channel.posted || xfer.header !== header) {
      if (channel.stray !== header) {
        channel.stray = header;
        this.judge(channel, header);
      }
      return FAULT.NOTHING;
    }
    channel.posted = undefined;
    if (bits & FREE) channel.outstanding = undefined;
    channel.hasEnded = true;
    if (this.observe & 1) this.traces++;
    if (bits & ERROR) {
      counters.errors++;
      xfer.finish(FAULT.CHANNEL_ERROR, 0);
      return xfer.index;
    }
    const bytes = view.getUint32(SMT.LENGTH, true) - 4;
    if (bytes < 4 || bytes > channel.maxPayload || bytes > channel.areaPayload) {
      counters.malformed++;
      xfer.finish(FAULT.MALFORMED, 0);
      return xfer.index;
    }
    xfer.payload.set(area.subarray(SMT.PAYLOAD, SMT.PAYLOAD + bytes));
    counters.responses++;
    if (xfer.isAsync && xfer.view.getInt32(0, true) === SCMI.SUCCESS) {
      xfer.length = bytes;
      xfer.state = XFER.AWAITING_DELAYED;
      xfer.deadline = now + channel.delayedTimeout;
    } else {
      xfer.finish(0, bytes);
    }
    return xfer.index;
  }

  acquire(instanceIndex) {
    const instance = this.instances[instanceIndex];
    if (!instance) return FAULT.INDEX;
    const xfer = instance.free.pop();
    if (!xfer) return FAULT.NO_XFER;
    xfer.state = XFER.ACQUIRED;
    xfer.fault = 0;
    return xfer.index;
  }

  release(index) {
    const xfer = this.xfers[index];
    if (!xfer) return FAULT.INDEX;
    if (xfer.state === XFER.IDLE || xfer.isInFlight) return FAULT.STATE;
    xfer.state = XFER.IDLE;
    xfer.instance.free.push(xfer);
    return 0;
  }

  post(channelIndex, index, command, bytes, now) {
    const channel = this.channels[channelIndex];
    const xfer = this.xfers[index];
    if (!channel || !xfer) return FAULT.INDEX;
    if (xfer.state === XFER.IDLE || xfer.isInFlight) return FAULT.STATE;
    if (channel.instance !== xfer.instance) return FAULT.CHANNEL_KIND;
    return this.send(channel, xfer, command, xfer.payload, bytes, now);
  }

  serve(channelIndex, now) {
    const channel = this.channels[channelIndex];
    return channel ? this.serveArea(channel, now) : FAULT.INDEX;
  }

  settle(channelIndex, now) {
    const channel = this.channels[channelIndex];
    return channel ? this.settleArea(channel, now) : FAULT.INDEX;
  }

  exchange(channelIndex, index, command, bytes, now) {
    const fault = this.post(channelIndex, index, command, bytes, now);
    if (fault < 0) return fault;
    this.serveArea(this.channels[channelIndex], now);
    this.settleArea(this.channels[channelIndex], now);
    return this.xfers[index].state;
  }

  abort(index) {
    const xfer = this.xfers[index];
    if (!xfer) return FAULT.INDEX;
    if (!xfer.isInFlight) return FAULT.STATE;
    xfer.channel.counters.aborted++;
    xfer.giveUp(XFER.ABORTED, FAULT.ABORTED);
    return 0;
  }

  tick(now) {
    for (const xfer of this.xfers) {
      if (!xfer.isInFlight || now < xfer.deadline) continue;
      xfer.channel.counters.timeouts++;
      if (this.observe & 1) this.traces++;
      xfer.giveUp(XFER.TIMED_OUT, xfer.state === XFER.POSTED ? FAULT.RESPONSE_TIMEOUT : FAULT.DELAYED_TIMEOUT);
      return xfer.index;
    }
    return FAULT.NOTHING;
  }

  run(budget, now) {
    const [capacity, batchPayload] = this.plan.batch;
    const room = ((16 + batchPayload + 7) & ~7) - 16;
    let done = 0;
    this.stop = 0;
    for (; done < budget && this.taken < this.submissions.length; done++) {
      if (this.completions.length >= capacity) {
        this.stop = FAULT.COMPLETIONS_FULL;
        break;
      }
      const { channel: channelIndex, command, length, tag, payload } = this.submissions[this.taken++];
      const channel = this.channels[channelIndex];
      const completion = { tag, fault: 0, length: 0, header: 0, payload: new Uint8Array(room) };
      let index = 0;
      if (!channel) completion.fault = FAULT.INDEX;
      else if (command < 0) completion.fault = FAULT.CHANNEL_KIND;
      else if (length > room) completion.fault = FAULT.LENGTH;
      else {
        index = this.acquire(this.instances.indexOf(channel.instance));
        if (index < 0) completion.fault = index;
      }
      if (completion.fault === 0) {
        const xfer = this.xfers[index];
        const fault = this.send(channel, xfer, command, payload, length, now);
        if (fault < 0) {
          completion.fault = fault;
        } else {
          this.serveArea(channel, now);
          this.settleArea(channel, now);
          if (xfer.isInFlight)
            throw new Error("usual: a batch that stops half-way is not part of the work that is compared");
          completion.header = xfer.header;
          completion.fault = xfer.fault;
          if (xfer.length > room) completion.fault = FAULT.LENGTH;
          else if (!xfer.fault) {
            completion.length = xfer.length;
            completion.payload.set(xfer.payload.subarray(0, xfer.length));
          }
        }
        this.release(index);
      }
      this.completions.push(completion);
    }
    if (this.taken === this.submissions.length) {
      this.submissions.length = 0;
      this.taken = 0;
    }
    return done;
  }

  // What the scripts and the cases look at

  runStop() {
    return this.stop;
  }

  xfer(index) {
    return this.xfers[index];
  }

  payload(index) {
    return this.xfers[index].payload;
  }

  area(channel) {
    return this.channels[channel].area;
  }

  setToken(instance, token) {
    this.instances[instance].tokenNext = token % TOKENS;
  }

  setObserve(bits) {
    this.observe = bits;
  }

  counters(channel) {
    return this.channels[channel].counters;
  }

  level(channel, domain) {
    return this.channels[channel].instance.state[this.protocols.get(0x13).row][domain].level;
  }

  rings() {
    return [this.events.length, this.traces];
  }

  submit(channel, command, length, tag) {
    const payload = new Uint8Array(this.plan.batch[1]);
    this.submissions.push({ channel, command, length, tag, payload });
    return payload;
  }

  complete() {
    return this.completions.shift();
  }

  exchangeLoop(ops, { command, requestBytes, replyBytes }, levels, start) {
    const index = this.acquire(0);
    const { view } = this.xfers[index];
    let now = start;
    let sum = 0;
    let bad = 0;
    const begin = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) {
      now += 100;
      view.setUint32(0, i & 1, true);
      view.setUint32(4, levels[i & 7], true);
      bad |= this.exchange(0, index, command, requestBytes, now) ^ XFER.DONE;
      bad |= view.getInt32(0, true);
      sum = (sum + view.getInt32(replyBytes, true)) | 0;
    }
    const end = process.hrtime.bigint();
    this.release(index);
    return { ns: Number(end - begin), sum, bad };
  }

  batchLoop(ops, { command, requestBytes, replyBytes }, levels, start, size, order, first) {
    let sum = 0;
    let bad = 0;
    let now = start;
    let next = first;
    for (let i = 0; i < ops; i++) {
      const view = new DataView(this.submit(order ? order[next] : 0, command, requestBytes, i).buffer);
      if (order && ++next === order.length) next = 0;
      view.setUint32(0, order ? 0 : i & 1, true);
      view.setUint32(4, levels[i & 7], true);
    }
    const begin = process.hrtime.bigint();
    for (let done = 0; done < ops; done += size) {
      now += 100;
      bad |= this.run(size, now) ^ size;
    }
    const end = process.hrtime.bigint();
    for (const [i, { tag, fault, length, payload }] of this.completions.entries()) {
      const view = new DataView(payload.buffer);
      bad |= (tag ^ i) | fault | view.getInt32(0, true) | (length ^ (replyBytes + 4));
      sum = (sum + view.getInt32(replyBytes, true)) | 0;
    }
    this.completions.length = 0;
    return { ns: Number(end - begin), sum, bad };
  }

  mixedLoop(ops, mix, start, size) {
    let sum = 0;
    let bad = 0;
    let now = start;
    for (let i = 0; i < ops; i++) {
      const { command, requests, requestWords } = mix[i % mix.length];
      const view = new DataView(this.submit(0, command, requestWords * 4, i).buffer);
      const request = requests[Math.floor(i / mix.length) % 2];
      for (const [w, word] of request.entries()) view.setUint32(w * 4, word, true);
    }
    const begin = process.hrtime.bigint();
    for (let done = 0; done < ops; done += size) {
      now += 100;
      bad |= this.run(size, now) ^ size;
    }
    const end = process.hrtime.bigint();
    for (const [i, { tag, fault, length, payload }] of this.completions.entries()) {
      const { replyWords } = mix[i % mix.length];
      const view = new DataView(payload.buffer);
      bad |= (tag ^ i) | fault | view.getInt32(0, true) | (length ^ (replyWords * 4 + 4));
      sum = (sum + view.getInt32(replyWords * 4, true)) | 0;
    }
    this.completions.length = 0;
    return { ns: Number(end - begin), sum, bad };
  }

  halfLoop(ops, command, requestBytes, replyBytes, isPost, now, indices) {
    let sum = 0;
    let bad = 0;
    for (let i = 0; i < ops; i++) {
      indices[i] = this.acquire(i);
      this.payload(indices[i]).fill(i & 255, 0, Math.max(requestBytes, replyBytes));
    }
    const begin = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) bad |= this.post(i, indices[i], command, requestBytes, now);
    const middle = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) bad |= this.serve(i, now);
    const third = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) bad |= this.settle(i, now) ^ indices[i];
    const end = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) {
      const xfer = this.xfers[indices[i]];
      bad |= xfer.length ^ (replyBytes + 4);
      sum = (sum + xfer.view.getInt32(replyBytes, true)) | 0;
      bad |= this.release(indices[i]);
    }
    return { ns: Number(isPost ? middle - begin : end - third), sum, bad };
  }

  acquireLoop(ops) {
    let sum = 0;
    let bad = 0;
    const begin = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) {
      const index = this.acquire(0);
      bad |= this.release(index);
      sum = (sum + index) | 0;
    }
    return { ns: Number(process.hrtime.bigint() - begin), sum, bad };
  }
}

function isVoltage({ levelsUv, rangeUv }, level) {
  if (levelsUv) return levelsUv.includes(level);
  const [lowest, highest, step] = rangeUv;
  return level >= lowest && level <= highest && (step === 0 || (level - lowest) % step === 0);
}

function round({ rates, range }, wanted, flags) {
  let below;
  let above;
  if (range) {
    const [lowest, highest, step] = range;
    if (wanted < lowest || wanted > highest) return undefined;
    if (step === 0n) return wanted;
    below = wanted - ((wanted - lowest) % step);
    above = below === wanted ? below : highest - below >= step ? below + step : undefined;
  } else {
    above = rates.find((rate) => rate >= wanted);
    if (above === wanted) return wanted;
    below = rates.findLast((rate) => rate < wanted);
    if (above === undefined || below === undefined) return undefined;
  }
  if (flags & 8) return above === undefined || wanted - below <= above - wanted ? below : above;
  return flags & 4 ? above : below;
}
