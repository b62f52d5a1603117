import { expectTypeOf, test } from "vitest";
import { ChannelError, DeadlineError, type ScmiError, StatusError, type StatusName } from "../../src/index.ts";

test("the code tells the class apart", () => {
  const codeOf = (error: StatusError | DeadlineError | ChannelError) => {
    if (error.code === "SCMI_STATUS") expectTypeOf(error).toEqualTypeOf<StatusError>();
    if (error.code === "SCMI_DEADLINE") expectTypeOf(error).toEqualTypeOf<DeadlineError>();
    if (error.code === "SCMI_CHANNEL") expectTypeOf(error.reason).toExtend<string>();
  };
  expectTypeOf(codeOf).returns.toBeVoid();
});

test("only a named status can be asked for", () => {
  expectTypeOf<StatusError["is"]>().parameter(0).toEqualTypeOf<StatusName>();
  expectTypeOf<"RESERVED">().not.toExtend<StatusName>();
});

test("every class is an ScmiError", () => {
  expectTypeOf<StatusError | DeadlineError | ChannelError>().toExtend<ScmiError>();
  expectTypeOf(StatusError).toBeConstructibleWith("BASE", -1, { protocolId: 16, messageId: 0, token: 0 });
  expectTypeOf(DeadlineError).toBeConstructibleWith("BASE", "response", 30);
  expectTypeOf(ChannelError).toBeConstructibleWith("BASE", "busy");
});
