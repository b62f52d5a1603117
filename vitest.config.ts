import { defineConfig } from "vitest/config";

/** Real kernels have time-outs of their own, which nothing here can stretch: they get the machine to themselves, once all else is done. */
const KERNELS = ["test/linux/*.test.ts", "test/vhost-user/linux*.test.ts", "test/transport/raw-linux.test.ts"];

export default defineConfig({
  test: {
    // A process per file: worker_threads inside a test get a heap of their own, and a trap in one core takes no other file down.
    pool: "forks",
    // Property tests and the two-worker test share two slow cores with everything else that runs in CI.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "all",
          include: ["test/**/*.test.ts"],
          exclude: KERNELS,
          sequence: { groupOrder: 0 },
          typecheck: { enabled: true, include: ["test/types/*.test-d.ts"], tsconfig: "./test/types/tsconfig.json" },
        },
      },
      {
        extends: true,
        test: { name: "kernels", include: KERNELS, sequence: { groupOrder: 1 }, maxWorkers: 1, fileParallelism: false },
      },
    ],
  },
});
