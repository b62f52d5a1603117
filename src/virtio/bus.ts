import type { VirtioDevice } from "./device.ts";

/** Hears of devices that come and go. */
export interface VirtioBusListener {
  /** Told when a device came, and for those that are there already. */
  added?(device: VirtioDevice): void;
  /** Told before the device stops to answer, so that its drivers can let go. */
  removed?(device: VirtioDevice): void;
}

/** The virtio devices of a machine, as they come and go. Linux, `virtio_bus`. */
export class VirtioBus {
  readonly #devices = new Set<VirtioDevice>();
  readonly #listeners = new Set<VirtioBusListener>();

  /** What is there now, in the order of arrival. */
  get devices(): readonly VirtioDevice[] {
    return [...this.#devices];
  }

  /** Adds a device; the result takes it away again. Adding what is there already changes nothing. */
  add(device: VirtioDevice): () => void {
    if (!this.#devices.has(device)) {
      this.#devices.add(device);
      for (const listener of [...this.#listeners]) listener.added?.(device);
    }
    return () => {
      if (!this.#devices.has(device)) return;
      for (const listener of [...this.#listeners].reverse()) listener.removed?.(device);
      this.#devices.delete(device);
    };
  }

  /** Listens; what is there already is told at once. The result stops it, silently. */
  watch(listener: VirtioBusListener): () => void {
    this.#listeners.add(listener);
    for (const device of this.devices) listener.added?.(device);
    return () => this.#listeners.delete(listener);
  }
}
