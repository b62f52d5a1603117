import type { MakeWorld, TransportWorld } from "../../src/compliance/index.ts";
import { StreamServer } from "../../src/firmware/index.ts";
import { type ByteStream, stream, streamPair } from "../../src/transport/stream.ts";

/** A stream to a server before the scripted platform, in chunks of three bytes so that no message is whole. */
export const streamWorld: MakeWorld = ({ platform, maxMessageBytes }): TransportWorld => {
  const server = new StreamServer({
    board: { agents: [{}] },
    connectMessages: (_, sink) => platform.connect(sink),
  });
  const served: ByteStream[] = [];
  let open = 0;
  const connect = async (): Promise<ByteStream> => {
    const [ours, theirs] = streamPair({ chunkBytes: 3 });
    served.push(theirs);
    server.serve(theirs);
    open++;
    let isOpen = true;
    const shut = () => {
      if (isOpen) open--;
      isOpen = false;
    };
    return {
      open: (listener) => ours.open(listener),
      write: (bytes) => ours.write(bytes),
      pause: () => ours.pause(),
      resume: () => ours.resume(),
      end: () => {
        shut();
        ours.end();
      },
      destroy: () => {
        shut();
        ours.destroy();
      },
    };
  };
  return {
    transport: stream(connect, maxMessageBytes === undefined ? {} : { maxPayload: maxMessageBytes }),
    leaks: () => ({ streams: open, clients: server.clients.length, connections: platform.connections }),
    die: () => {
      for (const end of served) end.destroy();
    },
    revive: () => {}, // whoever connects anew gets a fresh stream
    close: () => server.close(),
  };
};
