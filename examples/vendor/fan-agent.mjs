// The agent's side of the vendor protocol: a class that is given a handle, as the built-in protocols' classes are.
import {
  FanAttributes,
  FanProtocolAttributes,
  FanSpeedChanged,
  FanSpeedSet,
  FanSpeedsGet,
  fanProtocol,
} from "./fan-protocol.mjs";

export class Fan {
  static table = fanProtocol;
  #handle;

  constructor(handle) {
    this.#handle = handle;
  }

  /** `FAN_ATTRIBUTES` of every fan. */
  async fans(options) {
    const { fanCount } = await this.#handle.call(FanProtocolAttributes, {}, options);
    const fans = [];
    for (let fanId = 0; fanId < fanCount; fanId++) {
      fans.push({ fanId, ...(await this.#handle.call(FanAttributes, { fanId }, options)) });
    }
    return fans;
  }

  /** `FAN_SPEED_SET`; resolves when the speed is accepted. */
  async setSpeed(fanId, rpm, options) {
    await this.#handle.call(FanSpeedSet, { flags: { async: false }, fanId, rpm }, options);
  }

  /** `FAN_SPEED_SET` asynchronously; resolves with the speed once the fan turns as fast as that. */
  setSpeedAsync(fanId, rpm, options) {
    return this.#handle.callAsync(FanSpeedSet, { flags: { async: true }, fanId, rpm }, options, (it) => it.rpm);
  }

  /** `FAN_SPEEDS_GET`, in revolutions a minute.
   *  @throws UnsupportedError before version 1.1 */
  speeds(options) {
    return this.#handle.call(FanSpeedsGet, {}, options, (it) => it.rpm);
  }

  /** `FAN_SPEED_CHANGED` of a fan, as an async iterable. */
  watchSpeed(fanId, options) {
    return this.#handle.watch(FanSpeedChanged, { ...options, sources: [fanId] });
  }
}
