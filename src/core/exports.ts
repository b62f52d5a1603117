/** What an instance of the core exports: docs/abi.md section 2. Numbers in, numbers out; a result below 0 is a fault.
 *  Addresses and counts above 2^31 arrive signed, but memory is limited to 2 GiB, so none does. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  abiVersion(): number;
  coreBytes(config: number): number;
  create(base: number, config: number): number;
  attach(base: number): number;
  reserve(core: number, bytes: number): number;
  openState(core: number, description: number): number;
  openInstance(core: number, description: number, state: number, agent: number, xfers: number, tokens: number): number;
  openChannel(
    core: number,
    instance: number,
    kind: number,
    area: number,
    areaBytes: number,
    maxMessage: number,
  ): number;
  openFastChannel(
    core: number,
    channel: number,
    cell: number,
    cellBytes: number,
    doorbell: number,
    attributes: number,
  ): number;
  fork(core: number, base: number): number;
  restore(core: number, image: number): number;
  acquire(core: number, instance: number): number;
  release(core: number, xfer: number): number;
  post(core: number, channel: number, xfer: number, command: number, byteLength: number, now: number): number;
  settle(core: number, channel: number, now: number): number;
  poll(core: number, xfer: number, now: number): number;
  drain(core: number, channel: number, now: number): number;
  deliver(core: number, channel: number, at: number, byteLength: number, now: number): number;
  abort(core: number, xfer: number): number;
  setDeadline(core: number, xfer: number, at: number): number;
  tick(core: number, now: number): number;
  resetChannel(core: number, channel: number): number;
  writeFastChannel(core: number, fastChannel: number, first: number, second: number, now: number): number;
  readFastChannel(core: number, fastChannel: number, now: number): number;
  serve(core: number, channel: number, now: number): number;
  serveStaged(core: number, channel: number, at: number, byteLength: number, now: number): number;
  stage(core: number, claim: number, byteLength: number): number;
  publish(core: number, claim: number, now: number): number;
  sendP2a(core: number, channel: number, header: number, payload: number, byteLength: number, now: number): number;
  exchange(core: number, channel: number, xfer: number, command: number, byteLength: number, now: number): number;
  run(core: number, budget: number, now: number): number;
  ring(core: number, channel: number, side: number): number;
  awaitCommand(core: number, channel: number, spins: number, timeoutNs: number): number;
  awaitAnswer(core: number, channel: number, spins: number, timeoutNs: number): number;
}

/** Every function of {@link CoreExports}, by name; `module.test.ts` compares the list with the binaries. */
export const EXPORT_NAMES = [
  "abiVersion",
  "abort",
  "acquire",
  "attach",
  "awaitAnswer",
  "awaitCommand",
  "coreBytes",
  "create",
  "deliver",
  "drain",
  "exchange",
  "fork",
  "openChannel",
  "openFastChannel",
  "openInstance",
  "openState",
  "poll",
  "post",
  "publish",
  "readFastChannel",
  "release",
  "reserve",
  "resetChannel",
  "restore",
  "ring",
  "run",
  "sendP2a",
  "serve",
  "serveStaged",
  "setDeadline",
  "settle",
  "stage",
  "tick",
  "writeFastChannel",
] as const satisfies readonly Exclude<keyof CoreExports, "memory">[];
