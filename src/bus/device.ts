/** How a device is added. */
export interface DeviceDescription<T> {
  /** Its name, for reports: the path of a device-tree node, say. */
  readonly name: string;
  /** What its driver needs to know. */
  readonly data: T;
  /** Called once, when the device is gone and nobody has a reference to it any more. */
  readonly released?: () => void;
}

/** A device of a bus. It lives for as long as it is added, or somebody has a reference. */
export class Device<T = unknown> {
  /** Of the bus. */
  readonly bus: string;
  readonly name: string;
  readonly data: T;
  readonly #released: () => void;
  #references = 0;

  /** @internal */
  constructor(bus: string, { name, data }: DeviceDescription<T>, released: () => void) {
    this.bus = bus;
    this.name = name;
    this.data = data;
    this.#released = released;
  }

  /** Takes a reference; the result puts it back, once. */
  retain(): () => void {
    this.#references++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#references--;
      if (this.#references === 0) this.#released();
    };
  }
}
