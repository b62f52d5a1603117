import type { MakeWorld, ScriptSink, Stage, TransportWorld } from "../../src/compliance/index.ts";
import { coreMemory, ScmiPta, SimulatedOptee } from "../../src/firmware/index.ts";
import type { StaticMemory, Tee } from "../../src/tee/index.ts";
import { type OpteeMemory, optee } from "../../src/transport/optee.ts";
import { prompt } from "./prompt.ts";

/** Where messages lie. */
export type OpteeForm = "msg" | "smt" | "static" | "static elsewhere";

const AREA_BYTES = 128;
const ID = 2;
const HANDLE = 0x1002;

/** A simulated OP-TEE in front of the scripted platform, which is asked for its answers whenever it has them: so calls take their time.
 *  @param isPrompt the platform answers messages where they lie */
export function opteeWorld(form: OpteeForm, isSync = false, isPrompt = false): MakeWorld {
  return (stage: Stage): TransportWorld => {
    const { core, platform, maxMessageBytes } = stage;
    const area = form === "msg" || form === "smt" ? undefined : coreMemory(core, AREA_BYTES);
    const tees: Tee[] = [];
    const scripted = (sink: ScriptSink) => platform.connect(sink);
    const connect = isPrompt ? prompt(scripted) : scripted;
    const machines: { readonly pta: ScmiPta; readonly optee: SimulatedOptee }[] = [];
    const boot = () => {
      const pta = new ScmiPta({
        // A platform may have more room than OP-TEE's own server
        maxRequestBytes: AREA_BYTES,
        channels: [
          {
            ...{ id: ID, handle: HANDLE, agentId: 1, ...(area ? { memory: area } : {}) },
            platform: { connectMessages: (_agentId, sink) => connect(sink) },
          },
        ],
      });
      const machine = { pta, optee: new SimulatedOptee({ apps: [pta], isSync }) };
      machines.push(machine);
      tees[0] = machine.optee;
    };
    boot();
    const limit = maxMessageBytes === undefined ? {} : { maxPayload: maxMessageBytes };
    return {
      transport: optee({ tees, channelId: ID, memory: memoryOf(form, area), ...limit }),
      leaks: () => {
        const leaks = machines.map(({ optee: { leaks } }) => Object.entries(leaks));
        return Object.fromEntries(leaks.flatMap((it, i) => it.map(([name, count]) => [`${name} of TEE ${i}`, count])));
      },
      ...(form === "msg" ? {} : { areaBytes: AREA_BYTES }),
      die() {
        for (const { optee: tee, pta } of machines.slice(-1)) {
          tee.remove();
          pta.close();
        }
      },
      revive: boot,
      close() {
        for (const { pta } of machines) pta.close();
      },
    };
  };
}

function memoryOf(form: OpteeForm, area: StaticMemory | undefined): OpteeMemory {
  if (form === "msg" || form === "smt") return form;
  if (!area) throw new TypeError("expected an area");
  if (form === "static") return area;
  return {
    get bytes() {
      return area.bytes;
    },
  };
}
