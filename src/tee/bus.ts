import type { Tee } from "./tee.ts";
import { normalUuid } from "./uuid.ts";

/** A service that a TEE offers to drivers. Linux, `tee_client_device`. */
export interface TeeDevice {
  /** `optee-ta-<uuid>`. */
  readonly name: string;
  /** The trusted application behind it. */
  readonly uuid: string;
  readonly tee: Tee;
}

/** Hears of services that come and go. */
export interface TeeBusListener {
  /** Told when the service answers. */
  added?(device: TeeDevice): void;
  /** Told before the service stops to answer, so that its users can let go. */
  removed?(device: TeeDevice): void;
}

/** The services of all TEEs, as they come and go. Linux, `tee_bus_type`. */
export class TeeBus {
  readonly #devices = new Set<TeeDevice>();
  readonly #listeners = new Set<TeeBusListener>();

  /** What is there now, in the order of arrival. */
  get devices(): readonly TeeDevice[] {
    return [...this.#devices];
  }

  /** The TEEs that have a service here, each once: what a context can be opened with. */
  get tees(): readonly Tee[] {
    return [...new Set([...this.#devices].map(({ tee }) => tee))];
  }

  /** Adds a service; the result takes it away again. */
  add({ name, uuid, tee }: TeeDevice): () => void {
    const device: TeeDevice = { name, uuid: normalUuid(uuid), tee };
    this.#devices.add(device);
    for (const listener of [...this.#listeners]) listener.added?.(device);
    return () => {
      if (!this.#devices.has(device)) return;
      for (const listener of [...this.#listeners].reverse()) listener.removed?.(device);
      this.#devices.delete(device);
    };
  }

  /** Listens; what is there already is told at once. The result stops it, silently. */
  watch(listener: TeeBusListener): () => void {
    this.#listeners.add(listener);
    for (const device of this.devices) listener.added?.(device);
    return () => this.#listeners.delete(listener);
  }
}
