// The echo back end: what any back end in a JavaScript thread has to do, and no more. It waits as the worker does, believes every
// descriptor, and answers known commands with words from a table. Others, with which a guest boots, go to a platform.
import { realClock } from "../../dist/src/core/real-clock.js";
import { Epoll } from "../../dist/src/vhost-user/epoll.js";
import { FrontEndSocket } from "../../dist/src/vhost-user/front-end-socket.js";
import { GuestMemory } from "../../dist/src/vhost-user/guest-memory.js";
import { loadLibc } from "../../dist/src/vhost-user/libc.js";
import { listenAt } from "../../dist/src/vhost-user/listen.js";
import { F_PROTOCOL_FEATURES, PROTOCOL_FEATURE, REQUEST, reply } from "../../dist/src/vhost-user/messages.js";
import { WaitingClock } from "../../dist/src/vhost-user/waiting-clock.js";

const FEATURES = (1n << 32n) | (1n << 29n) | (1n << 28n) | F_PROTOCOL_FEATURES;
const ID_MASK = 0x3ffff;
/** Words behind the header, by header bits 17:0. */
const ANSWERS = new Map([
  [(0x10 << 10) | 0, [0, 0x20001]],
  [(0x15 << 10) | 6, [0, 45_000, 0, 0, 0]],
]);

/** Serves on this thread, for ever.
 *  @param openPlatform given a clock that is kept, resolves with the platform */
export async function serveEcho(path, openPlatform, onReady) {
  const libc = await loadLibc();
  const epoll = new Epoll(libc);
  const clock = new WaitingClock(realClock);
  const platform = await openPlatform(clock);
  const listener = listenAt(libc, path);
  epoll.watch(listener, () => {
    const fd = libc.accept4(listener, 0n, 0n, 0x80800);
    if (fd >= 0) session(libc, epoll, new FrontEndSocket(libc, fd), platform);
  });
  onReady();
  for (;;) {
    const count = epoll.wait(clock.timeoutMs);
    for (let i = 0; i < count; i++) epoll.handle(i);
    clock.settle();
  }
}

function session(libc, epoll, socket, platform) {
  const block = libc.malloc(16);
  const [one, drain] = [block, block + 8n];
  new DataView(libc.view(block, 16)).setBigUint64(0, 1n, true);
  let answer;
  const port = platform.connectMessages(1, { send: (message) => (answer = message), hasP2a: false });
  let memory;
  const rings = [{ call: -1 }, { call: -1 }];
  const close = [];

  const serve = () => {
    const ring = rings[0];
    const { region, size, descriptors, available, used, call } = ring;
    const { data, halves } = region;
    for (;;) {
      const index = Atomics.load(halves, (available + 2) >>> 1);
      if (index === ring.next) return;
      const before = ring.used16;
      while (ring.next !== index) {
        const head = data.getUint16(available + 4 + (ring.next & (size - 1)) * 2, true);
        let at = descriptors + head * 16;
        let table = descriptors;
        if (data.getUint16(at + 12, true) & 4) {
          at = data.getUint32(at, true) - region.address;
          table = at;
        }
        const from = data.getUint32(at, true) - region.address;
        const last = table + data.getUint16(at + 14, true) * 16;
        const to = data.getUint32(last, true) - region.address;
        const header = data.getUint32(from, true);
        const words = ANSWERS.get(header & ID_MASK);
        let byteLength;
        if (words) {
          data.setUint32(to, header, true);
          for (let i = 0; i < words.length; i++) data.setUint32(to + 4 + i * 4, words[i], true);
          byteLength = 4 + words.length * 4;
        } else {
          port.receive(region.bytes.slice(from, from + data.getUint32(at + 8, true)));
          region.bytes.set(answer, to);
          byteLength = answer.byteLength;
        }
        const entry = used + 4 + (ring.used16 & (size - 1)) * 8;
        data.setUint32(entry, head, true);
        data.setUint32(entry + 4, byteLength, true);
        ring.used16 = (ring.used16 + 1) & 0xffff;
        ring.next = (ring.next + 1) & 0xffff;
      }
      Atomics.store(halves, (used + 2) >>> 1, ring.used16);
      const event = Atomics.load(halves, (available + 4 + size * 2) >>> 1);
      if (((ring.used16 - event - 1) & 0xffff) < ((ring.used16 - before) & 0xffff)) libc.write(call, one, 8);
      Atomics.store(halves, (used + 4 + size * 8) >>> 1, ring.next);
    }
  };

  const handle = ({ request, payload, fds }) => {
    const [fd] = fds;
    const word = (at) => Number(payload.getBigUint64(at, true));
    const ring = payload.byteLength >= 8 ? rings[payload.getUint32(0, true) & 1] : undefined;
    switch (request) {
      case REQUEST.GET_FEATURES:
        return reply(request, FEATURES);
      case REQUEST.GET_PROTOCOL_FEATURES:
        return reply(request, PROTOCOL_FEATURE.MQ | PROTOCOL_FEATURE.REPLY_ACK | PROTOCOL_FEATURE.BACKEND_REQ);
      case REQUEST.GET_QUEUE_NUM:
        return reply(request, 2n);
      case REQUEST.SET_MEM_TABLE:
        memory?.unmap();
        memory = GuestMemory.map(libc, { payload, fds });
        break;
      case REQUEST.SET_VRING_NUM:
        ring.size = payload.getUint32(4, true);
        break;
      case REQUEST.SET_VRING_ADDR: {
        ring.addresses = [word(8), word(24), word(16)].map((at) => memory.guestAddress(at));
        break;
      }
      case REQUEST.SET_VRING_CALL:
        ring.call = fd;
        break;
      case REQUEST.SET_VRING_KICK:
        libc.fcntl(fd, 4, libc.fcntl(fd, 3, 0) | 0x800);
        if (ring !== rings[0]) break;
        close.push(
          epoll.watch(fd, () => {
            serve();
            libc.read(fd, drain, 8);
            serve();
          }),
        );
        ring.kick = fd;
        break;
      case REQUEST.SET_VRING_ENABLE: {
        if (ring !== rings[0] || ring.region) break;
        const region = memory.find(ring.addresses[0], 16);
        const [descriptors, available, used] = ring.addresses.map((at) => at - region.address);
        Object.assign(ring, { region, descriptors, available, used, next: 0, used16: 0 });
        serve();
        break;
      }
      case REQUEST.GET_VRING_BASE:
        return reply(request, [payload.getUint32(0, true), ring.next ?? 0]);
    }
    return undefined;
  };
  const unwatch = epoll.watch(socket.fd, () => {
    for (;;) {
      const message = socket.receive();
      if (message === undefined) return;
      if (message === "ended") {
        unwatch();
        for (const it of close) it();
        for (const { call, kick } of rings) for (const fd of [call, kick]) if (fd >= 0) libc.close(fd);
        memory?.unmap();
        socket.close();
        port.close();
        return;
      }
      const bytes = handle(message) ?? (message.needsReply ? reply(message.request, 0n) : undefined);
      if (message.request === REQUEST.SET_MEM_TABLE) for (const fd of message.fds) libc.close(fd);
      if (bytes) socket.send(bytes);
    }
  });
}
