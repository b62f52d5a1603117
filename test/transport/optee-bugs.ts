import type { Tee, TeeConnection } from "../../src/tee/index.ts";

/** The mistakes of the first drafts of Linux's transport, as they look from the TEE: what is not called, or called once more. */
export const BUGS = {
  /** `tee_shm_free` is missing on the error path, and on free. */
  "shared memory is not released": { release: 0 },
  /** `tee_client_close_session` is missing on free. */
  "the session is not closed": { closeSession: 0 },
  /** `chan_free` is called for every protocol, also for those that share a channel. */
  "a shared channel is freed for each protocol": { release: 2, closeSession: 2 },
} as const;

export type Bug = keyof typeof BUGS;

/** A TEE between a transport and another TEE that makes the transport look as if it had a bug. */
export function withBug(tee: Tee, bug: Bug | undefined): Tee {
  if (bug === undefined) return tee;
  const times: { readonly release?: number; readonly closeSession?: number } = BUGS[bug];
  const repeat = async (count = 1, run: () => Promise<void>) => {
    for (let i = 0; i < count; i++) await run();
  };
  return {
    name: tee.name,
    version: tee.version,
    isSync: tee.isSync,
    async open(): Promise<TeeConnection> {
      const inner = await tee.open();
      // The context's own clean-up at its end is not the transport's merit
      return Object.assign(Object.create(inner), {
        openSession: inner.openSession.bind(inner),
        invoke: inner.invoke.bind(inner),
        allocate: inner.allocate.bind(inner),
        register: inner.register.bind(inner),
        close: inner.close.bind(inner),
        release: (cookie: number) => repeat(times.release, () => inner.release(cookie)),
        closeSession: (id: number) => repeat(times.closeSession, () => inner.closeSession(id)),
      });
    },
  };
}
