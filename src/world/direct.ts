import type { MessageEnd, MessagePlatform } from "../firmware/index.ts";
import { Scope } from "../transport/scope.ts";
import type { ChannelTraits, Link, Transport, TransportHost } from "../transport/transport.ts";

/** To a platform in memory by whole messages, for machines that have no device tree. Unlike the loopback transport it lets every message
 *  be seen: none is answered inside of the core.
 *  @param maxPayload in bytes */
export function direct(platform: MessagePlatform, maxPayload: number, timeoutMs: number): Transport {
  return {
    kind: "loopback",
    async open(host: TransportHost, signal?: AbortSignal): Promise<Link> {
      signal?.throwIfAborted();
      const scope = new Scope();
      const instance = host.openInstance();
      const options = { framing: "msg", areaBytes: 0, maxMessage: maxPayload, timeoutMs } as const;
      const a2p = host.openRow(instance, options);
      const p2a = host.openRow(instance, { ...options, p2a: true });
      const end: MessageEnd = platform.connectMessages(1, {
        send: (message) => host.receive(isAnswer(message) ? a2p.row : p2a.row, message),
      });
      scope.ownNow(() => end.close());
      const traits: ChannelTraits = {
        ...{ maxPayload: a2p.maxPayload, maxInFlight: 1, timeoutMs },
        ...{ completesOnPost: false, canPoll: true },
      };
      return {
        instance,
        a2p: {
          traits,
          row: a2p.row,
          ring: (message) => {
            if (message) end.receive(message.slice());
          },
        },
        p2a: { traits, row: p2a.row, ring: () => {} },
        close: () => scope.close(),
      };
    },
  };
}

const TYPE_MASK = 0x300;

function isAnswer(message: Uint8Array): boolean {
  return (new DataView(message.buffer, message.byteOffset).getUint32(0, true) & TYPE_MASK) === 0;
}
