import { LIFE } from "./life.ts";
import { TRAFFIC } from "./traffic.ts";
import { TROUBLE } from "./trouble.ts";
import type { TransportCheck } from "./world.ts";

/** The contract of a transport, clause by clause. Each check builds a world of its own, so that they run in any order. A transport is
 *  done when none rejects; the ones that it is exempt from say why.
 *
 *  ```ts
 *  for (const check of transportChecks) test(check.name, () => check.run(makeWorld));
 *  ``` */
export const transportChecks: readonly TransportCheck[] = [...LIFE, ...TRAFFIC, ...TROUBLE];
