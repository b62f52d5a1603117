import type { Agent } from "../agent/agent.ts";
import { ScmiError } from "../errors.ts";
import { expectThat, nameOf, outcomeOf, pattern, settle, Trial } from "./trial.ts";
import { ContractError, type MakeWorld, type TransportCheck } from "./world.ts";

/** More often than a core has instances: whoever takes a new one each time runs out. */
const REOPENINGS = 25;
/** Turns of the event loop after which an opening is aborted, one after the other. */
const ABORT_TURNS = 40;

/** Opening, closing, aborting, and what is left. */
export const LIFE: readonly TransportCheck[] = [
  {
    name: "opens, exchanges and closes, and leaves nothing behind",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      await trial.exchange(agent, pattern(8, 1));
      await trial.end();
      return undefined;
    },
  },
  {
    name: "states facts that hold together",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      await trial.open();
      const { maxPayload, maxInFlight, timeoutMs } = trial.traits;
      expectThat(Number.isInteger(maxPayload) && maxPayload >= 8, "maxPayload of 8 bytes or more", maxPayload);
      expectThat(Number.isInteger(maxInFlight) && maxInFlight >= 1, "maxInFlight of 1 or more", maxInFlight);
      expectThat(timeoutMs > 0, "timeoutMs above 0", timeoutMs);
      const limit = trial.core.maxPayloadOf(trial.link?.a2p.row ?? 0);
      expectThat(maxPayload <= limit, `maxPayload of at most ${limit}, what the row carries`, maxPayload);
      await trial.end();
      return undefined;
    },
  },
  {
    name: "closes once, however often it is asked to",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      const { link } = trial;
      await trial.drive(agent.close());
      const [again, oncemore] = [link?.close(), link?.close()];
      expectThat(again !== undefined && again === oncemore, "the same promise from each further close");
      await trial.drive(again);
      await trial.end();
      return undefined;
    },
  },
  {
    name: "says nothing more once it is closed",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      trial.platform.isManual = true;
      const lost = outcomeOf(trial.echo(agent, pattern(4, 1)));
      await settle();
      await trial.drive(agent.close());
      const { received } = trial.platform;
      for (const it of received) trial.platform.reply(pattern(4, 0), it);
      trial.world.spurious?.();
      trial.clock.advance(100);
      await settle();
      expectThat(trial.callsAfterClose === 0, "no call of the host after close", trial.callsAfterClose);
      await lost;
      await trial.end();
      return undefined;
    },
  },
  {
    name: "opens again after it was closed, any number of times",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      for (let i = 0; i < REOPENINGS; i++) {
        const agent = await trial.open();
        await trial.exchange(agent, pattern(8, i));
        await trial.closeAgents();
        trial.expectNothingLeft();
      }
      await trial.end();
      return undefined;
    },
  },
  {
    name: "ends commands in flight and in the queue as closed",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const agent = await trial.open();
      const { completesOnPost } = trial.traits;
      trial.platform.isManual = true;
      const calls = Array.from({ length: 3 }, (_, i) => outcomeOf(trial.echo(agent, pattern(4, i))));
      await settle();
      await trial.drive(agent.close());
      for (const call of calls) expectEnded((await trial.drive(call)).reason, completesOnPost);
      expectClosed((await outcomeOf(trial.echo(agent, pattern(4, 0)))).reason);
      // A platform that is only slow answers nobody, but its channel is free for the next agent
      for (const it of trial.platform.received) trial.platform.reply(pattern(4, 0), it);
      trial.platform.isManual = false;
      await trial.exchange(await trial.open(), pattern(8, 3));
      await trial.end();
      return undefined;
    },
  },
  {
    name: "does nothing when it was aborted before it opened",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const controller = new AbortController();
      const reason = new ContractError("changed my mind");
      controller.abort(reason);
      const outcome = await trial.drive(outcomeOf(trial.world.transport.open(REFUSING_HOST, controller.signal)));
      expectThat(outcome.reason === reason, "the reason of the abort", outcome.reason ?? "a link");
      await trial.end();
      return undefined;
    },
  },
  {
    name: "releases everything when it is aborted while it opens, whenever that is",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      for (let turns = 0; turns < ABORT_TURNS; turns++) {
        const controller = new AbortController();
        const reason = new ContractError(`changed my mind after ${turns} turns`);
        const opening = outcomeOf(trial.open(controller.signal));
        for (let i = 0; i < turns; i++) await Promise.resolve();
        controller.abort(reason);
        const outcome = await opening;
        if (outcome.value === undefined) {
          expectThat(outcome.reason === reason, "the reason of the abort", outcome.reason);
        }
        await trial.closeAgents();
        trial.letFarEndFinish();
        trial.expectNothingLeft();
      }
      await trial.exchange(await trial.open(), pattern(8, 2));
      await trial.end();
      return undefined;
    },
  },
  {
    name: "undoes what it did when opening fails half-way, wherever that is",
    async run(makeWorld) {
      const trial = new Trial(makeWorld);
      const cause = new ContractError("no room");
      for (let failing = 0; failing < 100; failing++) {
        let calls = 0;
        trial.beforeOpening = () => {
          if (calls++ === failing) throw cause;
        };
        const { reason } = await outcomeOf(trial.open());
        await trial.closeAgents();
        trial.letFarEndFinish();
        trial.expectNothingLeft();
        if (reason === undefined) break;
        expectThat(reason === cause, "the error that stopped the opening", reason);
      }
      trial.beforeOpening = () => {};
      await trial.exchange(await trial.open(), pattern(8, 4));
      await trial.end();
      return undefined;
    },
  },
  {
    name: "stands side by side with others of its kind in one core",
    async run(makeWorld) {
      const [one, two] = pairOf(makeWorld);
      const first = await one.open();
      const second = await two.open();
      // Each in its order, both at once: what arrives at a far end is told apart by its place there
      const inTurn = async (trial: Trial, agent: Agent, seeds: readonly number[]) => {
        for (const seed of seeds) await trial.exchange(agent, pattern(8, seed));
      };
      await Promise.all([inTurn(one, first, [1, 3]), inTurn(two, second, [2, 4])]);
      expectThat(one.platform.received.length === 2, "two commands at each far end", one.platform.received.length);
      await one.closeAgents();
      await two.exchange(second, pattern(8, 9));
      await one.exchange(await one.open(), pattern(8, 10));
      await one.closeAgents();
      await two.end();
      await one.end();
      return undefined;
    },
  },
  {
    name: "warns once when its area holds less than its message size, and carries what fits",
    async run(makeWorld) {
      const limit = 120;
      const trial = new Trial(makeWorld, { maxMessageBytes: limit });
      const { areaBytes } = trial.world;
      if (areaBytes === undefined) {
        trial.world.close?.();
        return { skipped: "its messages lie in no area of a given size" };
      }
      const agent = await trial.open();
      expectThat(
        trial.traits.maxPayload <= areaBytes - 28,
        `a payload limit of at most ${areaBytes - 28}`,
        trial.traits.maxPayload,
      );
      const expected = trial.traits.maxPayload < limit ? 1 : 0;
      expectThat(trial.count("clamped") === expected, `${expected} warning`, trial.count("clamped"));
      await trial.exchange(agent, pattern(trial.traits.maxPayload, 5));
      expectThat(trial.count("clamped") === expected, "no further warning", trial.count("clamped"));
      await trial.end();
      return undefined;
    },
  },
];

const REFUSING_HOST = {
  core: {},
  openInstance: () => refuse(),
  openRow: () => refuse(),
  areaOf: () => refuse(),
  reset: () => refuse(),
  complete: () => refuse(),
  receive: () => refuse(),
  fail: () => refuse(),
};

function refuse(): never {
  throw new ContractError("expected no call of the host after an abort");
}

function pairOf(makeWorld: MakeWorld): readonly [Trial, Trial] {
  const one = new Trial(makeWorld);
  return [one, one.beside()];
}

function expectClosed(reason: unknown): void {
  expectThat(nameOf(reason) === "ChannelError closed", 'ChannelError "closed"', nameOf(reason));
}

/** Where answers come on return, the silence of a platform may be noticed before the close is. */
function expectEnded(reason: unknown, completesOnPost: boolean): void {
  if (completesOnPost && reason instanceof ScmiError) return;
  expectClosed(reason);
}
