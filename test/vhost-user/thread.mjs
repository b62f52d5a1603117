// The module of a worker in these tests: a platform under a simulated clock, which does what its controller asks for.
import { SimulatedClock } from "../../dist/src/core/clock.js";
import { Core } from "../../dist/src/core/core.js";
import { Platform } from "../../dist/src/platform/index.js";
import { serveInThread } from "../../dist/src/vhost-user/worker.node.js";

await serveInThread(async ({ data: { board, trouble }, clock: realClock, post }) => {
  if (trouble === "set-up") throw new RangeError("no set-up today");
  const clock = new SimulatedClock();
  const core = Core.createSync({ capacity: Platform.capacityFor(board, { connections: 8, sharesMemory: false }) });
  const platform = Platform.open(core, board, { clock, sharesMemory: false });
  const acts = {
    setLevel: ([domain, level]) => platform.performance.setLevel(domain, level),
    advance: ([ms]) => clock.advance(ms),
    answers: (requests) => {
      const answers = [];
      const port = platform.connectMessages(1, { send: (message) => answers.push(message.slice()) });
      for (const request of requests) port.receive(request);
      port.close();
      return answers;
    },
    // What needs time of the stage's clock, and a turn of the event loop
    later: ([ms]) => void realClock.after(ms, () => void Promise.resolve().then(() => post({ later: ms }))),
    fail: () => {
      throw new RangeError("as asked for");
    },
  };
  return {
    connect: (sink) => {
      if (trouble === "connect") throw new TypeError("nobody is at home");
      return platform.connectMessages(1, sink);
    },
    onMessage: ({ id, act, args }) => post({ id, result: acts[act](args) }),
    close: () => {
      platform.close();
      post({ closed: true });
    },
  };
});
