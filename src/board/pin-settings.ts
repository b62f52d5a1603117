/** The types of `PINCTRL_CONFIG`, which a test compares: the whole protocol would come with an import. */
export const PIN_SETTING_TYPE = {
  biasBusHold: 1,
  biasDisable: 2,
  biasHighImpedance: 3,
  biasPullUp: 4,
  biasPullDefault: 5,
  biasPullDown: 6,
  driveOpenDrain: 7,
  driveOpenSource: 8,
  drivePushPull: 9,
  driveStrength: 10,
  inputDebounce: 11,
  inputMode: 12,
  pullMode: 13,
  inputValue: 14,
  inputSchmitt: 15,
  lowPowerMode: 16,
  outputMode: 17,
  outputValue: 18,
  powerSource: 19,
  slewRate: 20,
} as const;

/** What a board file calls a configuration type. */
export type PinSettingName = keyof typeof PIN_SETTING_TYPE;

/** Types whose value is a bit. */
export const PIN_SWITCHES: ReadonlySet<number> = new Set([
  PIN_SETTING_TYPE.biasBusHold,
  PIN_SETTING_TYPE.driveOpenDrain,
  PIN_SETTING_TYPE.driveOpenSource,
  PIN_SETTING_TYPE.drivePushPull,
  PIN_SETTING_TYPE.inputMode,
  PIN_SETTING_TYPE.inputValue,
  PIN_SETTING_TYPE.inputSchmitt,
  PIN_SETTING_TYPE.outputMode,
  PIN_SETTING_TYPE.outputValue,
]);
