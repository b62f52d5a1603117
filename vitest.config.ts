import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A process per file: worker_threads inside a test get a heap of their own, and a trap in one core takes no other file down.
    pool: "forks",
    // Property tests and the two-worker test share two slow cores with everything else that runs in CI.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    typecheck: {
      enabled: true,
      include: ["test/types/*.test-d.ts"],
      tsconfig: "./test/types/tsconfig.json",
    },
  },
});
