// An asc transform: marks the functions on the path of a hot exchange as @inline, by name. The engine of Node does not
// inline wasm functions, and at each call every value alive goes through the stack: with calls an exchange takes
// about twice as long (compare with this list emptied). The rest of the core is compiled for size.
// Sources stay free of the decorator, which formatters refuse to parse.
import { Node } from "assemblyscript";
import { Transform } from "assemblyscript/transform";

const HOT = {
  "assembly/area": ["at"],
  "assembly/batch": ["complete", "step"],
  "assembly/clock": ["rateSet", "rateGet", "round"],
  "assembly/dispatch": ["answer"],
  "assembly/fast": ["exchange", "move", "moveAnswer", "moveWords"],
  "assembly/header": ["pack", "token", "type"],
  "assembly/limits": ["limitsSet", "limitsGet", "isLimit", "pair"],
  "assembly/performance": ["levelSet", "isDescribed"],
  "assembly/power": ["stateSet", "isLegal"],
  "assembly/powercap": ["measurementsGet"],
  "assembly/reply": ["bytesOf", "success"],
  "assembly/resource": ["admit", "descriptionOf", "stateOf", "permission", "isListed", "isObserved", "read"],
  "assembly/sensor": ["readingGet"],
  "assembly/table": ["isRow", "instanceAt", "channelAt", "xferAt", "ringIsFull", "ringEntry"],
  "assembly/trace": ["isOn"],
  "assembly/voltage": ["levelSet", "isLevel"],
  "assembly/words": ["acquireWord", "block", "copyInline", "increment"],
};

export class InlineHot extends Transform {
  afterParse(parser) {
    const wanted = new Set(Object.entries(HOT).flatMap(([file, names]) => names.map((name) => `${file}/${name}`)));
    for (const source of parser.sources) {
      for (const statement of source.statements) {
        const id = `${source.internalPath}/${statement.name?.text}`;
        if (!wanted.delete(id)) continue;
        const { range } = statement;
        const name = Node.createIdentifierExpression("inline", range);
        statement.decorators = [...(statement.decorators ?? []), Node.createDecorator(name, null, range)];
      }
    }
    // A renamed function must not silently become slow
    if (wanted.size > 0) throw new Error(`inline-hot: no such functions: ${[...wanted].join(", ")}`);
  }
}
