import {
  array,
  bit,
  bits,
  type Command,
  command,
  flags,
  name,
  notification,
  type Protocol,
  protocol,
  struct,
  u32,
  u64,
  u64n,
} from "../wire/index.ts";

/** Version words of NXP's protocols. */
const V1_0 = 0x10000;
const V1_1 = 0x10001;

const VENDOR = { vendor: "NXP", subVendor: "IMX" } as const;

/** `PROTOCOL_ATTRIBUTES` of any of them. */
function attributesOf<const S extends Parameters<typeof bits>[0]>(spec: S): Command {
  return command("PROTOCOL_ATTRIBUTES", 0x1, { mandatory: true, response: struct({ attributes: bits(spec) }) });
}

/** A command with words in and nothing back. */
function plain(spec: string, id: number, ...fields: readonly string[]): Command {
  return command(spec, id, {
    request: struct(Object.fromEntries(fields.map((field) => [field, u32]))),
    statuses: STATUSES,
  });
}

const STATUSES = ["NOT_FOUND", "INVALID_PARAMETERS"] as const;

/** Why a machine was reset or shut down. */
const REASON = bits({
  reason: [0, 8],
  errorId: [8, 15],
  errorIdValid: 23,
  origin: [24, 4],
  originValid: 28,
  extInfoWords: [29, 2],
  valid: 31,
});

const REASONS = struct({ bootFlags: REASON, shutdownFlags: REASON, extInfo: array(u32) }, { grows: true });

/** Logical machine management, 0x80 of NXP. imx-sm, `scmi_lmm` */
const lmmProtocol = protocol({
  ...{ id: 0x80, name: "nxp-lmm", title: "NXP logical machine management", versions: [V1_0, V1_1], vendor: VENDOR },
  negotiableSince: V1_0,
  commands: [
    attributesOf({ machineCount: [0, 5] }),
    command("LMM_ATTRIBUTES", 0x3, {
      request: struct({ lmId: u32 }),
      response: struct({
        lmId: u32,
        attributes: bits({ agentCount: [0, 8] }),
        state: u32,
        errorStatus: u32,
        name: name(16),
      }),
      statuses: STATUSES,
    }),
    plain("LMM_BOOT", 0x4, "lmId"),
    command("LMM_RESET", 0x5, { request: struct({ lmId: u32, flags: flags({ graceful: 0 }) }), statuses: STATUSES }),
    command("LMM_SHUTDOWN", 0x6, { request: struct({ lmId: u32, flags: flags({ graceful: 0 }) }), statuses: STATUSES }),
    plain("LMM_WAKE", 0x7, "lmId"),
    plain("LMM_SUSPEND", 0x8, "lmId"),
    command("LMM_NOTIFY", 0x9, {
      request: struct({ lmId: u32, flags: flags({ boot: 0, shutdown: 1, suspend: 2, wake: 3 }) }),
      statuses: STATUSES,
    }),
    command("LMM_RESET_REASON", 0xa, { request: struct({ lmId: u32 }), response: REASONS, statuses: STATUSES }),
    plain("LMM_POWER_ON", 0xb, "lmId"),
    command("LMM_RESET_VECTOR_SET", 0xc, {
      request: struct({ lmId: u32, cpuId: u32, flags: flags({ table: 0 }), resetVector: u64 }),
      statuses: STATUSES,
    }),
  ],
  notifications: [
    notification("LMM_EVENT", 0x0, {
      payload: struct({ lmId: u32, eventLmId: u32, flags: flags({ boot: 0, shutdown: 1, suspend: 2, wake: 3 }) }),
      enabledBy: "LMM_NOTIFY",
    }),
  ],
});

/** Battery-backed module, 0x81 of NXP. imx-sm, `scmi_bbm` */
const bbmProtocol = protocol({
  ...{ id: 0x81, name: "nxp-bbm", title: "NXP battery-backed module", versions: [V1_0], vendor: VENDOR },
  negotiableSince: V1_0,
  commands: [
    attributesOf({ registerCount: [0, 16], rtcCount: [16, 8] }),
    plain("BBM_GPR_SET", 0x3, "index", "value"),
    command("BBM_GPR_GET", 0x4, {
      request: struct({ index: u32 }),
      response: struct({ value: u32 }),
      statuses: STATUSES,
    }),
    command("BBM_RTC_ATTRIBUTES", 0x5, {
      request: struct({ rtcId: u32 }),
      response: struct({
        attributes: bits({ ticksPerSecond: [0, 16], tickWidth: [16, 8], secondsWidth: [24, 8] }),
        name: name(16),
      }),
      statuses: STATUSES,
    }),
    command("BBM_RTC_TIME_SET", 0x6, {
      request: struct({ rtcId: u32, flags: flags({ ticks: 0 }), time: u64n }),
      statuses: STATUSES,
    }),
    command("BBM_RTC_TIME_GET", 0x7, {
      request: struct({ rtcId: u32, flags: flags({ ticks: 0 }) }),
      response: struct({ time: u64n }),
      statuses: STATUSES,
    }),
    command("BBM_RTC_ALARM_SET", 0x8, {
      request: struct({ rtcId: u32, flags: flags({ enable: 0 }), seconds: u64n }),
      statuses: STATUSES,
    }),
    command("BBM_BUTTON_GET", 0x9, { response: struct({ state: u32 }) }),
    command("BBM_RTC_NOTIFY", 0xa, {
      request: struct({ rtcId: u32, flags: flags({ alarm: 0, rollover: 1, update: 2 }) }),
      statuses: STATUSES,
    }),
    command("BBM_BUTTON_NOTIFY", 0xb, { request: struct({ notifyEnable: bit(0) }) }),
    command("BBM_RTC_STATE", 0xc, {
      request: struct({ rtcId: u32 }),
      response: struct({ state: flags({ timeWasReset: 0, batteryLow: 1 }) }),
      statuses: STATUSES,
    }),
  ],
  notifications: [
    notification("BBM_RTC_EVENT", 0x0, {
      payload: struct({ flags: bits({ alarm: 0, rollover: 1, updated: 2, rtcId: [24, 8] }) }),
      enabledBy: "BBM_RTC_NOTIFY",
    }),
    notification("BBM_BUTTON_EVENT", 0x1, {
      payload: struct({ flags: flags({ button: 0 }) }),
      enabledBy: "BBM_BUTTON_NOTIFY",
    }),
  ],
});

const VECTOR_FLAGS = flags({ table: 0, boot: 29, start: 30, resume: 31 });
const WAKE = struct({ cpuId: u32, maskIndex: u32, num: u32, masks: array(u32, { count: "num" }) });

/** CPU management, 0x82 of NXP. imx-sm, `scmi_cpu` */
const cpuProtocol = protocol({
  ...{ id: 0x82, name: "nxp-cpu", title: "NXP CPU management", versions: [V1_0], vendor: VENDOR },
  negotiableSince: V1_0,
  commands: [
    attributesOf({ cpuCount: [0, 16] }),
    command("CPU_ATTRIBUTES", 0x3, {
      request: struct({ cpuId: u32 }),
      response: struct({ attributes: u32, name: name(16) }),
      statuses: STATUSES,
    }),
    plain("CPU_START", 0x4, "cpuId"),
    plain("CPU_STOP", 0x5, "cpuId"),
    command("CPU_RESET_VECTOR_SET", 0x6, {
      request: struct({ cpuId: u32, flags: VECTOR_FLAGS, resetVector: u64 }),
      statuses: STATUSES,
    }),
    command("CPU_SLEEP_MODE_SET", 0x7, {
      request: struct({
        cpuId: u32,
        flags: flags({ gicWake: 0, platformWake: 1, lowPowerCompute: 2 }),
        sleepMode: u32,
      }),
      statuses: STATUSES,
    }),
    command("CPU_IRQ_WAKE_SET", 0x8, { request: WAKE, statuses: STATUSES }),
    command("CPU_NON_IRQ_WAKE_SET", 0x9, { request: WAKE, statuses: STATUSES }),
    command("CPU_PD_LPM_CONFIG_SET", 0xa, {
      request: struct({
        ...{ cpuId: u32, num: u32 },
        configs: array(struct({ domainId: u32, lpmSetting: u32, retentionMask: u32 }), { count: "num" }),
      }),
      statuses: STATUSES,
    }),
    command("CPU_PER_LPM_CONFIG_SET", 0xb, {
      request: struct({
        ...{ cpuId: u32, num: u32 },
        configs: array(struct({ peripheralId: u32, lpmSetting: u32 }), { count: "num" }),
      }),
      statuses: STATUSES,
    }),
    command("CPU_INFO_GET", 0xc, {
      request: struct({ cpuId: u32 }),
      response: struct({ runMode: u32, sleepMode: u32, resetVector: u64 }),
      statuses: STATUSES,
    }),
  ],
});

const WORDS = struct({ num: u32, values: array(u32, { count: "num" }) });

/** Miscellaneous management, 0x84 of NXP. imx-sm, `scmi_misc` */
const miscProtocol = protocol({
  ...{ id: 0x84, name: "nxp-misc", title: "NXP miscellaneous management", versions: [V1_0, V1_1], vendor: VENDOR },
  negotiableSince: V1_0,
  commands: [
    attributesOf({ deviceControlCount: [0, 16], reasonCount: [16, 8], boardControlCount: [24, 8] }),
    command("MISC_CONTROL_SET", 0x3, {
      request: struct({ ctrlId: u32, num: u32, values: array(u32, { count: "num" }) }),
      statuses: STATUSES,
    }),
    command("MISC_CONTROL_GET", 0x4, { request: struct({ ctrlId: u32 }), response: WORDS, statuses: STATUSES }),
    command("MISC_CONTROL_ACTION", 0x5, {
      request: struct({ ctrlId: u32, action: u32, num: u32, values: array(u32, { count: "num" }) }),
      response: WORDS,
      statuses: STATUSES,
    }),
    command("MISC_DISCOVER_BUILD_INFO", 0x6, {
      response: struct({ buildNumber: u32, commit: u32, date: name(16), time: name(16) }),
    }),
    command("MISC_ROM_PASSOVER_GET", 0x7, { response: WORDS }),
    plain("MISC_CONTROL_NOTIFY", 0x8, "ctrlId", "flags"),
    command("MISC_REASON_ATTRIBUTES", 0x9, {
      request: struct({ reasonId: u32 }),
      response: struct({ attributes: u32, name: name(16) }),
      statuses: STATUSES,
    }),
    command("MISC_RESET_REASON", 0xa, { request: struct({ flags: flags({ system: 0 }) }), response: REASONS }),
    command("MISC_SI_INFO", 0xb, {
      response: struct({ deviceId: u32, siliconRevision: u32, partNumber: u32, name: name(16) }),
    }),
    command("MISC_CFG_INFO", 0xc, { response: struct({ modeSelector: u32, name: name(16) }) }),
    command("MISC_SYSLOG", 0xd, {
      request: struct({ flags: u32, logIndex: u32 }),
      response: struct({
        numLogs: bits({ returned: [0, 12], remaining: [20, 12] }),
        words: array(u32, { count: "numLogs.returned" }),
      }),
      multiPart: { index: "logIndex", returned: "numLogs.returned", remaining: "numLogs.remaining", items: "words" },
    }),
    command("MISC_BOARD_INFO", 0xe, { response: struct({ attributes: u32, name: name(16) }) }),
    command("MISC_CONTROL_EXT_SET", 0x20, {
      since: V1_1,
      request: struct({ ctrlId: u32, address: u32, byteLength: u32, num: u32, values: array(u32, { count: "num" }) }),
      statuses: STATUSES,
    }),
    command("MISC_CONTROL_EXT_GET", 0x21, {
      since: V1_1,
      request: struct({ ctrlId: u32, address: u32, byteLength: u32 }),
      response: WORDS,
      statuses: STATUSES,
    }),
    command("MISC_DDR_INFO_GET", 0x22, {
      since: V1_1,
      request: struct({ regionId: u32 }),
      response: struct({
        attributes: bits({ type: [0, 5], width: [8, 3], regionCount: [16, 2], ecc: 31 }),
        ...{ megaTransfers: u32, startAddress: u64, endAddress: u64 },
      }),
      statuses: STATUSES,
    }),
  ],
  notifications: [
    notification("MISC_CONTROL_EVENT", 0x0, {
      payload: struct({ ctrlId: u32, flags: u32 }),
      enabledBy: "MISC_CONTROL_NOTIFY",
    }),
  ],
});

/** The vendor protocols of NXP's i.MX System Manager, as its sources and Linux agree on them; FuSa (0x83), which only the former knows,
 *  is left out. */
export const NXP_PROTOCOLS: readonly Protocol[] = [lmmProtocol, bbmProtocol, cpuProtocol, miscProtocol];
