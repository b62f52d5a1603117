import { serveInThread } from "../vhost-user/worker.node.ts";
import type { GuestThread } from "./serve-guests.ts";
import { openServed } from "./served-platform.ts";

// The module of the thread behind --low-latency: importing it is running it
await serveInThread(async ({ data, clock, post }) => {
  const { board, agentId, ...options } = data as GuestThread;
  const { platform, close } = await openServed(board, options, clock, { complain: post });
  return { connect: (sink) => platform.connectMessages(agentId, sink), close };
});
