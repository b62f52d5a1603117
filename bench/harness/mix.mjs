const OFF = 0x4000_0000;

/** All hot commands in turn, on the shape `mixed`, each with two requests that differ where it takes a value; bench/peers/driver.h
 *  has the same. `replyWords` without the status. */
export const MIX = [
  mixed(0x10, 0x0, 1, []),
  mixed(0x11, 0x4, 0, [0, 0, 0], [0, 0, OFF]),
  mixed(0x11, 0x5, 1, [0]),
  mixed(0x13, 0x5, 0, [1, 2400, 300], [1, 2100, 600]),
  mixed(0x13, 0x6, 2, [1]),
  mixed(0x13, 0x7, 0, [0, 600], [0, 2100]),
  mixed(0x13, 0x8, 1, [0]),
  mixed(0x14, 0x5, 0, [0, 0, 24_000_000, 0], [0, 0, 200_000_000, 0]),
  mixed(0x14, 0x6, 2, [0]),
  mixed(0x15, 0x6, 4, [0, 0]),
  mixed(0x17, 0x7, 0, [0, 0, 800_000], [0, 0, 1_000_000]),
  mixed(0x17, 0x8, 1, [0]),
  mixed(0x18, 0x4, 1, [0]),
  mixed(0x18, 0x9, 2, [0]),
];

function mixed(protocol, message, replyWords, request, other = request) {
  const command = (protocol << 10) | message;
  return { command, protocol, message, replyWords, requestWords: request.length, requests: [request, other] };
}
