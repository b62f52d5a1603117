import { boardDescription } from "../harness/description.mjs";

/** The class that the package exports, for one question: what does it cost over the exports of the binary? */
export class ApiPeer {
  constructor(Core) {
    const { bytes } = boardDescription();
    this.core = Core.createSync({ capacity: { maxPayload: 100 } });
    const description = this.core.reserve(bytes.length);
    this.core.memory.bytes.set(bytes, this.core.base + description);
    const instance = this.core.openInstance({ description, state: this.core.openState(description) });
    this.channel = this.core.openChannel(instance);
    this.xfer = this.core.acquire(instance);
    this.payload = this.core.payloadAt(this.xfer) >> 2;
  }

  exchangeLoop(ops, { command, requestBytes, replyBytes }, levels, start) {
    const { core, channel, xfer, payload } = this;
    const { words } = core.memory;
    const last = replyBytes >> 2;
    let now = start;
    let sum = 0;
    let bad = 0;
    const begin = process.hrtime.bigint();
    for (let i = 0; i < ops; i++) {
      now += 100;
      words[payload] = i & 1;
      words[payload + 1] = levels[i & 7];
      bad |= core.exchange(channel, xfer, command, requestBytes, now) ^ 4;
      bad |= words[payload];
      sum = (sum + words[payload + last]) | 0;
    }
    return { ns: Number(process.hrtime.bigint() - begin), sum, bad };
  }
}
