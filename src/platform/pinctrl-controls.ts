import { PINCTRL_CONFIG } from "../protocols/pinctrl.ts";
import type { Machine } from "./machine.ts";
import type { Pins } from "./pins.ts";

/** What the owner of a platform sees and does of its pins. Every method throws RangeError for an unknown pin, and ChannelError "closed"
 *  after the platform. */
export class PinctrlControls {
  readonly #machine: Machine;
  readonly #pins: Pins;

  /** @internal */
  constructor(machine: Machine, pins: Pins) {
    this.#machine = machine;
    this.#pins = pins;
  }

  /** Id of the agent that has a pin for itself, by itself or with a group; `undefined` = none. */
  owner(pinId: number): number | undefined {
    return this.#with(pinId).ownerOf(pinId);
  }

  /** Id of a pin's function; `undefined` = none. */
  functionOf(pinId: number): number | undefined {
    return this.#with(pinId).functionOf("pin", pinId);
  }

  /** Value of a pin's setting; `undefined` when it has none of the type.
   *  @param type one of `PINCTRL_CONFIG` */
  setting(pinId: number, type: number): number | undefined {
    const settings = this.#with(pinId).settingsOf("pin", pinId);
    return settings.find((it) => it.type === type)?.value;
  }

  /** Lets the outside world drive a pin: agents read it as input value.
   *  @throws RangeError for a pin without an input value */
  drive(pinId: number, value: 0 | 1): void {
    const type = PINCTRL_CONFIG.INPUT_VALUE;
    if (this.setting(pinId, type) === undefined) {
      throw new RangeError(`"pinId" expected a pin with an input value, got ${pinId}`);
    }
    this.#with(pinId).configure(0, "pin", pinId, null, [{ type, value }]);
  }

  #with(pinId: number): Pins {
    this.#machine.expectOpen();
    if (this.#pins.board.pins[pinId]) return this.#pins;
    throw new RangeError(`"pinId" expected that of a pin, got ${pinId}`);
  }
}
