// The exports of the fleets' module: docs/simulation.md.

export { govern, look } from "./governor";
export { count } from "./histogram";
export { open } from "./map";
