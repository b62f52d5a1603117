/** Writes ftrace text of the `scmi` events as Linux does, as many lines as wanted: a governor that sets levels, polls sensors and clocks, with
 *  some failures and time-outs in between. The same seed makes the same text. */

const TEMPLATES = [
  { pt: 0x13, id: 0x7, request: "0000000000000000", response: "" }, // PERFORMANCE_LEVEL_SET
  { pt: 0x13, id: 0x8, request: "01000000", response: "78050000" }, // PERFORMANCE_LEVEL_GET
  { pt: 0x14, id: 0x6, request: "02000000", response: "0084d71700000000" }, // CLOCK_RATE_GET
  { pt: 0x15, id: 0x6, request: "0000000000000000", response: "2f000000000000000000000000000000" }, // SENSOR_READING_GET
  { pt: 0x14, id: 0x5, request: "00000000020000000084d71700000000", response: "" }, // CLOCK_RATE_SET
  { pt: 0x11, id: 0x5, request: "03000000", response: "00000000" }, // POWER_STATE_GET
];

const hex = (value, digits) => value.toString(16).toUpperCase().padStart(digits, "0");

/** @param {number} lineCount
 *  @param {(text: string) => void} write called with many lines at a time */
export function writeTrace(lineCount, write, seed = 1) {
  let state = seed >>> 0 || 1;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  let timeUs = 1e6;
  let transfer = 0;
  let lines = 0;
  let text = "# tracer: nop\n#\n";
  const put = (task, flags, fields) => {
    const seconds = (timeUs / 1e6).toFixed(6).padStart(12);
    text += `${task.padStart(16)} [00${transfer & 1}] ${flags} ${seconds}: ${fields}\n`;
    lines++;
    if (text.length > 1 << 16) {
      write(text);
      text = "";
    }
  };
  while (lines < lineCount) {
    const { pt, id, request, response } = TEMPLATES[Math.floor(random() * TEMPLATES.length)];
    transfer++;
    const seq = hex(transfer & 0x3ff, 4);
    const of = `pt=${hex(pt, 2)} msg_id=${hex(id, 2)} seq=${seq}`;
    const xfer = `transfer_id=${transfer.toString(16).toUpperCase()}`;
    const dump = (tag, status, payload) =>
      `scmi_msg_dump: id=0 ch=10 pt=${hex(pt, 2)} t=${tag} msg_id=${hex(id, 2)} seq=${seq} s=${status} pyld=${payload}`;
    const luck = random();
    put("kworker/0:1-31", ".....", `scmi_xfer_begin: ${of} ${xfer} poll=0 inflight=1`);
    put("kworker/0:1-31", ".....", dump("CMND", 0, request));
    put("kworker/0:1-31", ".....", `scmi_xfer_response_wait: ${of} ${xfer} tmo_ms=30 poll=0`);
    if (luck < 0.0005) {
      timeUs += 30_000;
      put("kworker/0:1-31", ".....", `scmi_xfer_end: ${of} ${xfer} s=-110 inflight=1`);
      continue;
    }
    timeUs += 10 + Math.floor(random() * 200);
    const status = luck < 0.002 ? -6 : 0;
    put("<idle>-0", "d.h..", dump("RESP", status, status === 0 ? response : ""));
    put("<idle>-0", "d.h..", `scmi_rx_done: ${of} ${xfer} msg_type=0`);
    put("kworker/0:1-31", ".....", `scmi_xfer_end: ${of} ${xfer} s=${status === 0 ? 0 : -16} inflight=1`);
    timeUs += Math.floor(random() * 500);
  }
  write(text);
  return lines;
}
