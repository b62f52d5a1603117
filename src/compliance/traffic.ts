import { Clock } from "../protocols/clock-agent.ts";
import { words } from "./script.ts";
import { expectThat, nameOf, outcomeOf, pattern, Trial } from "./trial.ts";
import type { TransportCheck } from "./world.ts";

/** Ordinary messages, and messages from the platform. */
export const TRAFFIC: readonly TransportCheck[] = [
  {
    name: "carries payloads of 0, 1, max - 1 and max bytes, and refuses max + 1",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      const { maxPayload } = trial.traits;
      for (const size of [0, 1, maxPayload - 1, maxPayload]) await trial.exchange(agent, pattern(size, size));
      const reached = trial.platform.received.length;
      const { reason } = await trial.drive(outcomeOf(trial.echo(agent, pattern(maxPayload + 1, 0))));
      const isRefused = reason instanceof RangeError || nameOf(reason) === "ChannelError payloadTooLong";
      expectThat(isRefused, "a payload that is too long to be refused", nameOf(reason));
      expectThat(trial.platform.received.length === reached, "nothing of it at the far end");
      await trial.exchange(agent, pattern(4, 1));
      await trial.end();
      return undefined;
    },
  },
  {
    name: "carries a status that says no",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      trial.platform.on(0x14, 0x6, () => words(-3));
      const clock = await trial.drive(agent.protocol(Clock));
      const { reason } = await trial.drive(outcomeOf(clock.getRate(0)));
      expectThat(reason instanceof Error && "statusName" in reason && reason.statusName === "DENIED", "DENIED", reason);
      await trial.end();
      return undefined;
    },
  },
  {
    name: "keeps to its limit of commands in flight, and queues the others in order",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      const { maxInFlight, completesOnPost } = trial.traits;
      const { platform } = trial;
      const count = 6;
      platform.isManual = !completesOnPost; // an answer on return cannot be held back
      const calls = Array.from({ length: count }, (_, i) => trial.echo(agent, pattern(8, i)));
      const all = Promise.all(calls);
      all.catch(() => {});
      await trial.arrive();
      for (let answered = 0; platform.isManual && answered < count; answered++) {
        const inFlight = platform.received.length - answered;
        const least = Math.min(maxInFlight, count - answered);
        expectThat(inFlight === least, `${least} commands at the far end`, inFlight);
        platform.reply(words(answered), platform.received[answered]);
        await trial.arrive();
      }
      const answers = await trial.drive(all);
      expectThat(answers.length === count, `${count} answers`, answers.length);
      platform.received.forEach(({ payload }, i) => {
        expectThat(payload[0] === pattern(1, i)[0], `the command of place ${i} in that place`);
      });
      await trial.end();
      return undefined;
    },
  },
  {
    name: "finds the caller of each answer, whatever the order of answers",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      if (trial.traits.maxInFlight < 2) {
        await trial.end();
        return { skipped: "it carries one command at a time" };
      }
      const { platform } = trial;
      platform.isManual = true;
      const calls = [1, 2].map((i) => trial.echo(agent, pattern(8, i)));
      await trial.arrive();
      for (const it of [...platform.received].reverse()) platform.reply(words(it.payload[0] ?? 0), it);
      const answers = await trial.drive(Promise.all(calls));
      answers.forEach(({ payload }, i) => {
        expectThat(payload[0] === pattern(1, i + 1)[0], `the answer of command ${i}`);
      });
      await trial.end();
      return undefined;
    },
  },
  {
    name: "answers a polled call without the event loop, where it says that it can",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      const clock = await trial.drive(agent.protocol(Clock));
      if (trial.traits.canPoll) {
        expectThat(clock.getRatePolled(0) === 24_000_000, "the rate of the clock");
        await trial.exchange(agent, pattern(4, 2));
        expectThat(clock.getRatePolled(0) === 24_000_000, "the rate of the clock again");
      } else {
        let reason: unknown;
        try {
          clock.getRatePolled(0);
        } catch (error) {
          reason = error;
        }
        expectThat(nameOf(reason).startsWith("UnsupportedError"), "UnsupportedError", nameOf(reason));
      }
      await trial.end();
      return undefined;
    },
  },
  {
    name: "brings notifications in, one after the other",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      if (!trial.link?.p2a) {
        await trial.end();
        return { skipped: "nothing comes from its platform" };
      }
      for (let i = 0; i < 3; i++) trial.platform.notify(0x80, 0x7 + i, words(i));
      await trial.arrive();
      await trial.exchange(agent, pattern(4, 3));
      const headers = trial.anomalies
        .filter(({ kind }) => kind === "unwatched")
        .map(({ header }) => (header ?? 0) & 0xff);
      expectThat(headers.join() === "7,8,9", "notifications 7, 8 and 9 in order", headers);
      expectThat(agent.counters.notifications === 3, "three of them counted", agent.counters.notifications);
      await trial.end();
      return undefined;
    },
  },
  {
    name: "brings a delayed response to its caller, after its response and before it",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      if (!trial.link?.p2a) {
        await trial.end();
        return { skipped: "nothing comes from its platform" };
      }
      const { platform } = trial;
      platform.isManual = true;
      const after = trial.echo(agent, pattern(8, 1), { isAsync: true });
      await trial.arrive();
      platform.reply(words(0));
      await trial.arrive();
      const second = trial.echo(agent, pattern(8, 2)); // the channel is free meanwhile
      await trial.arrive();
      expectThat(platform.received.length === 2, "the next command while the delayed response is due");
      platform.delayed(words(0, 41), platform.received[0]);
      platform.reply(words(0, 7));
      expectThat(wordOf(await trial.drive(after)) === 41, "the delayed response");
      expectThat(wordOf(await trial.drive(second)) === 7, "the response of the command in between");

      const before = trial.echo(agent, pattern(8, 3), { isAsync: true });
      await trial.arrive();
      platform.delayed(words(0, 42));
      expectThat(wordOf(await trial.drive(before)) === 42, "the delayed response that came first");
      platform.reply(words(0));
      await trial.arrive();
      platform.isManual = false;
      await trial.exchange(agent, pattern(4, 4));
      await trial.end();
      return undefined;
    },
  },
];

function wordOf({ payload }: { readonly payload: Uint8Array }): number {
  return payload.byteLength < 8 ? -1 : new DataView(payload.buffer, payload.byteOffset).getUint32(4, true);
}
