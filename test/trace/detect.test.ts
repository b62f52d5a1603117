import { describe, expect, test } from "vitest";
import { detectFormat } from "../../src/trace/detect.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Kinds of time that logs have in front of their lines. */
const TIMES: Readonly<Record<string, string>> = {
  kernel: "[    1.204113] ",
  "kernel, with the caller": "[    1.204113][    T1] ",
  "dmesg -T": "[Fri Nov 27 19:36:28 2026] ",
  "dmesg --time-format=iso": "2026-11-27T19:36:28,123456+00:00 ",
  syslog: "Nov  7 19:36:28 board kernel: ",
  "journalctl -o short-precise": "Nov 27 19:36:28.123456 board kernel: ",
  "journalctl -o short-iso": "2026-11-27T19:36:28+0000 board kernel: ",
};

describe("a log", () => {
  test.each(Object.entries(TIMES))("is one by the time in its first line: %s", (_, time) => {
    expect(detectFormat(bytesOf(`${time}usb 1-1: new device\n`), false)).toBe("dmesg");
  });

  test("is one although a driver in it is called scmi_core, behind a colon", () => {
    const text = "board kernel: Linux version 7.2\nboard kernel: scmi_core: SCMI protocol bus registered\n";
    expect(detectFormat(bytesOf(text), true)).toBe("dmesg");
  });
});

describe("a trace", () => {
  test.each([
    [
      "trace_pipe",
      "  init-1 [000] ..... 0.170000: scmi_msg_dump: id=0 ch=10 pt=10 t=CMND msg_id=00 seq=0001 s=0 pyld=",
    ],
    [
      "trace-cmd report",
      "  init-1 [000] 0.170000: scmi_xfer_begin:      pt=10 msg_id=00 seq=0001 transfer_id=1 poll=0",
    ],
    ["perf script", "  init 1 [000] 0.170000: scmi:scmi_rx_done: pt=10 msg_id=00 seq=0001 transfer_id=1 msg_type=0"],
  ])("is one by the first of its events: %s", (_, line) => {
    expect(detectFormat(bytesOf(`${line}\n`), false)).toBe("ftrace");
  });

  test.each([
    ["a task", "  irq/31-scmi_rx-55 [000] ..... 0.170000: irq_handler_exit: irq=31 ret=handled"],
    ["a device", "  perf 12 [001] 0.170000: power:device_pm_callback_start: scmi_dev scmi_dev.2, parent: firmware"],
    ["nothing", "  <idle>-0 [1023] d.h1. 12.170000123: sched_wakeup: comm=init pid=1"],
  ])("is one by an event of another system, where %s of SCMI is named", (_, line) => {
    expect(detectFormat(bytesOf(`${line}\n`), false)).toBe("ftrace");
  });
});
