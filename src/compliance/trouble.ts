import { ScmiError } from "../errors.ts";
import { encodeHeader } from "../wire/header.ts";
import { join, words } from "./script.ts";
import { expectThat, nameOf, outcomeOf, pattern, settle, Trial } from "./trial.ts";
import type { TransportCheck } from "./world.ts";

const TIMEOUT = "DeadlineError response";

/** Late, lost, stray and broken answers. */
export const TROUBLE: readonly TransportCheck[] = [
  {
    name: "frees the caller of a silent platform at the deadline, and keeps the token until the late answer",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      const { platform, core, clock } = trial;
      platform.isManual = true;
      const lost = outcomeOf(trial.echo(agent, pattern(8, 1)));
      await trial.arrive();
      clock.advance(trial.traits.timeoutMs);
      const { reason } = await trial.drive(lost);
      if (trial.traits.completesOnPost && nameOf(reason) !== TIMEOUT) {
        // The silence shows on return
        expectThat(reason instanceof ScmiError, "an error of ours", nameOf(reason));
        platform.isManual = false;
        await trial.exchange(agent, pattern(8, 3));
        await trial.end();
        return undefined;
      }
      expectThat(nameOf(reason) === TIMEOUT, TIMEOUT, nameOf(reason));
      expectThat(core.leaks().tokens === 1, "one token in quarantine", core.leaks().tokens);
      const first = platform.last;
      const next = trial.echo(agent, pattern(8, 2));
      await settle();
      platform.reply(words(0, 1), first);
      await trial.arrive();
      expectThat(platform.received.length === 2, "the next command at the far end", platform.received.length);
      expectThat(platform.last.fields.token !== first.fields.token, "a token of its own for it");
      platform.reply(words(0, 2));
      await trial.drive(next);
      expectThat(agent.counters.late === 1, "the late answer counted once", agent.counters.late);
      expectThat(core.leaks().tokens === 0, "its token free again", core.leaks().tokens);
      expectThat(trial.count("late") === 1, "the late answer reported once", trial.count("late"));
      platform.isManual = false;
      await trial.exchange(agent, pattern(8, 3));
      await trial.end();
      return undefined;
    },
  },
  {
    name: "frees the caller that gives up, and closes while the answer is still due",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      trial.platform.isManual = true;
      const controller = new AbortController();
      const call = outcomeOf(agent.raw((0x80 << 10) | 1, pattern(4, 1), { signal: controller.signal }));
      await trial.arrive();
      const reason = new RangeError("enough");
      controller.abort(reason);
      const outcome = await trial.drive(call);
      const isSilenceSeen = trial.traits.completesOnPost && outcome.reason instanceof ScmiError;
      expectThat(outcome.reason === reason || isSilenceSeen, "the reason of the abort", nameOf(outcome.reason));
      await trial.end();
      return undefined;
    },
  },
  {
    name: "takes a completion without an answer for what it is",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      const { world, platform } = trial;
      if (!world.spurious) {
        await trial.end();
        return { skipped: "nothing announces its completions but answers" };
      }
      world.spurious();
      await settle();
      await trial.exchange(agent, pattern(8, 1));
      platform.isManual = true;
      const call = trial.echo(agent, pattern(8, 2));
      call.catch(() => {});
      let isOver = false;
      void call.then(
        () => (isOver = true),
        () => (isOver = true),
      );
      await trial.arrive();
      world.spurious();
      world.spurious();
      await settle();
      expectThat(!isOver, "the command still in flight after a spurious completion");
      platform.reply(words(0, 5));
      await trial.drive(call);
      await trial.end();
      return undefined;
    },
  },
  {
    name: "fails a command whose answer is too short for a status, and goes on",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      for (const length of [0, 1, 3]) {
        trial.platform.on(0x80, 0x2, () => new Uint8Array(length));
        const { reason } = await trial.drive(outcomeOf(agent.raw((0x80 << 10) | 2, pattern(4, 1))));
        expectThat(nameOf(reason).startsWith("MessageError"), "MessageError", nameOf(reason));
      }
      await trial.exchange(agent, pattern(8, 1));
      expectThat(agent.counters.malformed === 3, "three malformed answers counted", agent.counters.malformed);
      await trial.end();
      return undefined;
    },
  },
  {
    name: "gives nobody an answer with a foreign header, and goes on",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      const { platform } = trial;
      let wrong: Uint8Array = words(0);
      platform.on(0x80, 0x2, ({ header, sink }) => {
        wrong = join(words(header ^ 1), words(0, 9)); // another command's
        platform.play(wrong, sink);
        return undefined;
      });
      const lost = outcomeOf(agent.raw((0x80 << 10) | 2, pattern(4, 1)));
      const { reason } = await trial.drive(lost);
      const isSeen = trial.traits.completesOnPost && reason instanceof ScmiError; // whoever sees it on return need not wait
      expectThat(nameOf(reason) === TIMEOUT || isSeen, TIMEOUT, nameOf(reason));
      const { malformed, unexpected } = agent.counters;
      expectThat(malformed + unexpected === 1, "one odd answer counted", { malformed, unexpected });
      await trial.exchange(agent, pattern(8, 1));
      await trial.end();
      return undefined;
    },
  },
  {
    name: "survives messages from the platform that are none",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      if (!trial.link?.p2a) {
        await trial.end();
        return { skipped: "nothing comes from its platform" };
      }
      const delayed = encodeHeader({ protocolId: 0x80, messageType: 2, messageId: 1, token: 700 });
      trial.platform.play(join(words(delayed), words(0)));
      await trial.arrive();
      await trial.exchange(agent, pattern(8, 1));
      const { unexpected, malformed } = agent.counters;
      expectThat(unexpected + malformed === 1, "one odd message counted", { unexpected, malformed });
      await trial.end();
      return undefined;
    },
  },
  {
    name: "ends every call when the peer dies in the middle of a message, and opens anew when it is back",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      const { world, platform, traits, clock } = trial;
      if (!world.die) {
        await trial.end();
        return { skipped: "its peer cannot die" };
      }
      platform.isManual = true;
      const calls = [1, 2].map((i) => outcomeOf(trial.echo(agent, pattern(8, i))));
      await trial.arrive();
      world.die();
      await settle();
      clock.advance(3 * traits.timeoutMs);
      for (const call of calls) {
        const name = nameOf((await trial.drive(call)).reason);
        expectThat(/^(ChannelError closed|DeadlineError)/.test(name), "ChannelError or DeadlineError", name);
      }
      await trial.closeAgents();
      platform.isManual = false;
      world.revive?.();
      await trial.exchange(await trial.open(), pattern(8, 3));
      await trial.end();
      return undefined;
    },
  },
];
