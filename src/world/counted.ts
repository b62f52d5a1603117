import type { Ledger } from "../bus/index.ts";
import type { Clock } from "../core/clock.ts";
import type { Transport } from "../transport/transport.ts";

/** A clock whose appointments are booked as timers until they are kept or cancelled. */
export function countedClock(clock: Clock, ledger: Ledger): Clock {
  const counted: Clock = {
    now: () => clock.now(),
    after(delayMs, run) {
      const giveBack = once(ledger.take("timers"));
      const cancel = clock.after(delayMs, () => {
        giveBack();
        run();
      });
      return () => {
        cancel();
        giveBack();
      };
    },
  };
  // Polled calls move a clock on that can be moved: that has to show
  return isSteppable(clock) ? Object.assign(counted, { advanceToNext: () => clock.advanceToNext() }) : counted;
}

/** A transport whose rows are booked as channels until its link is closed. */
export function countedTransport(transport: Transport, ledger: Ledger): Transport {
  return {
    kind: transport.kind,
    async open(host, signal) {
      const booked: (() => void)[] = [];
      const giveBack = () => {
        for (const it of booked.splice(0)) it();
      };
      try {
        const link = await transport.open(bookingHost(), signal);
        return { ...link, close: () => link.close().finally(giveBack) };
      } catch (reason) {
        giveBack();
        throw reason;
      }

      function bookingHost() {
        return {
          core: host.core,
          openInstance: (options = {}) => host.openInstance(options),
          openRow: (instance, options) => {
            const row = host.openRow(instance, options);
            booked.push(ledger.take("channels"));
            return row;
          },
          areaOf: (row) => host.areaOf(row),
          complete: (row) => host.complete(row),
          receive: (row, message) => host.receive(row, message),
          reset: (row, cause) => host.reset(row, cause),
          fail: (cause) => host.fail(cause),
        } satisfies typeof host;
      }
    },
  };
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}

function isSteppable(clock: Clock): clock is Clock & { advanceToNext(): boolean } {
  return "advanceToNext" in clock;
}
