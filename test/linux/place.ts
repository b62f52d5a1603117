import type { MessageEnd } from "../../src/firmware/message-platform.ts";
import type { MessageSink, Platform } from "../../src/platform/index.ts";

/** The guest's place at the platform, where each response is heard. Answers are written into the guest's memory at once, unless something
 *  is to stand between. */
export function connected(
  platform: Platform,
  sink: MessageSink,
  heard: (header: number, status: number) => void,
  through: ((sink: MessageSink) => MessageSink) | undefined,
): MessageEnd {
  const listening: MessageSink = {
    ...sink,
    send(message) {
      const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
      const header = view.getUint32(0, true);
      if ((header & 0x300) === 0) heard(header, view.getInt32(4, true));
      sink.send(message);
    },
  };
  const port = platform.connectMessages(1, through ? through(listening) : listening);
  const end = { receive: (message: Uint8Array) => port.receive(message), close: () => port.close() };
  if (through) return end;
  return {
    ...end,
    answer(from, fromAt, byteLength, to, toAt, room) {
      const answerBytes = port.answer(from, fromAt, byteLength, to, toAt, room);
      if (answerBytes >= 8) heard(to.data.getUint32(toAt, true), to.data.getInt32(toAt + 4, true));
      return answerBytes;
    },
    settle: () => port.settle(),
  };
}
