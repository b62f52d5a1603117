/** Answers a script of vectors (bench/peers/vectors.mjs) on a JavaScript peer or a core: a line a command, as the native peers'
 *  driver.h does it. */
export function answerScript(peer, text) {
  const handles = new Map();
  return text
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => answerLine(peer, handles, line.split(" ")));
}

function answerLine(peer, handles, [verb, ...words]) {
  const n = (i) => Number(words[i]);
  const command = (i) => Number.parseInt(words[i], 16) | 0;
  const handle = (i) => handles.get(words[i]) ?? 0xffffffff;
  switch (verb) {
    case "acquire": {
      const index = peer.acquire(n(0));
      if (index >= 0) handles.set(words[1], index);
      return `${Math.min(index, 0)}`;
    }
    case "release": {
      const result = peer.release(handle(0));
      if (!result) handles.delete(words[0]);
      return `${result}`;
    }
    case "set":
      return handles.has(words[0]) ? `${write(peer.payload(handle(0)), 0, words[1])}` : "no xfer";
    case "post": {
      const result = peer.post(n(0), handle(1), command(2), n(3), n(4));
      return result ? `${result}` : hexWord(peer.xfer(handle(1)).header);
    }
    case "exchange":
      return `${peer.exchange(n(0), handle(1), command(2), n(3), n(4))}`;
    case "serve":
      return `${peer.serve(n(0), n(1))}`;
    case "settle": {
      const index = peer.settle(n(0), n(1));
      return [...handles].find(([, it]) => it === index)?.[0] ?? `${index}`;
    }
    case "abort":
      return `${peer.abort(handle(0))}`;
    case "tick": {
      const retired = [];
      for (let index = peer.tick(n(0)); index >= 0; index = peer.tick(n(0))) retired.push(index);
      const names = [...handles].filter(([, it]) => retired.includes(it)).map(([name]) => name);
      return `retired ${names.sort().join("")}`;
    }
    case "xfer": {
      if (!handles.has(words[0])) return "no xfer";
      const { state, fault, length } = peer.xfer(handle(0));
      const isAnswer = state === 4 || state === 3;
      return `${state} ${fault} ${length} ${isAnswer ? hex(peer.payload(handle(0)).subarray(0, length)) : ""}`;
    }
    case "area":
      return hex(peer.area(n(0)).subarray(0, n(1)));
    case "poke":
      return `${write(peer.area(n(0)), n(1), words[2])}`;
    case "token":
      peer.setToken(n(0), n(1));
      return words[1];
    case "observe":
      peer.setObserve(n(0));
      return words[0];
    case "counters": {
      const it = peer.counters(n(0));
      const cold = [it.timeouts, it.unexpected, it.malformed, it.recycled, it.late, it.aborted, it.errors, it.spurious];
      return [it.sent, it.responses, ...cold, it.badCommands].join(" ");
    }
    case "level":
      return `${peer.level(n(0), n(1))}`;
    case "events":
      return peer.rings().join(" ");
    case "submit":
      return `${write(peer.submit(n(0), command(1), n(2), n(3)), 0, words[4] ?? "")}`;
    case "run":
      return `${peer.run(n(0), n(1))} ${peer.runStop()}`;
    case "complete": {
      const { tag, fault, length, header, payload } = peer.complete();
      return `${tag} ${fault} ${length} ${hexWord(header)} ${hex(payload.subarray(0, length))}`;
    }
    default:
      return `? ${verb}`;
  }
}

function write(bytes, at, text) {
  const data = Uint8Array.from(text.match(/../g) ?? [], (it) => Number.parseInt(it, 16));
  bytes.set(data, at);
  return data.length;
}

function hex(bytes) {
  return Array.from(bytes, (it) => it.toString(16).padStart(2, "0")).join("");
}

function hexWord(word) {
  return (word >>> 0).toString(16).padStart(8, "0");
}
