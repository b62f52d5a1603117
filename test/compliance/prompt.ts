import type { ScriptPort, ScriptSink } from "../../src/compliance/index.ts";
import type { MessageEnd } from "../../src/firmware/index.ts";

/** Lets a scripted platform answer commands where they lie, as a simulated one does; what it says at another time goes through the sink. */
export function prompt(connect: (sink: ScriptSink) => ScriptPort): (sink: ScriptSink) => MessageEnd {
  return (sink) => {
    let asked: number | undefined;
    let answer: Uint8Array | undefined;
    const port = connect({
      send(message) {
        if (asked !== undefined && ((headerOf(message) ^ asked) & TOKEN_AND_TYPE) === 0) {
          answer = Uint8Array.from(message);
          asked = undefined;
        } else {
          sink.send(message);
        }
      },
    });
    return {
      receive: (message) => port.receive(message),
      answer(from, fromAt, byteLength, to, toAt, room) {
        const command = Uint8Array.from({ length: byteLength }, (_, i) => from.data.getUint8(fromAt + i));
        asked = headerOf(command);
        answer = undefined;
        port.receive(command);
        asked = undefined;
        const found: Uint8Array | undefined = answer;
        if (!found) return 0;
        const bytes = found as Uint8Array;
        const written = bytes.byteLength > room ? 4 : bytes.byteLength;
        for (let i = 0; i < written; i++) to.data.setUint8(toAt + i, bytes[i] ?? 0);
        return bytes.byteLength;
      },
      settle() {},
      close: () => port.close(),
    };
  };
}

/** The rest of a header may be wrong: that is for the agent to see. */
const TOKEN_AND_TYPE = 0x0ffc_0300;

function headerOf(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset).getUint32(0, true);
}
