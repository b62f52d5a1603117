import { PROTOCOL_ID } from "../protocols/index.ts";
import { type CommandAt, fieldAt } from "../wire/index.ts";

/** Lists that are followed at once; beyond them the oldest are forgotten. */
const MOST_LISTS = 4096;

/** `PROTOCOL_ATTRIBUTES`, whose number of protocols is the length of Base's list. */
const ATTRIBUTES = 0x1;

/** Follows lists that come in several replies and says where their counts do not add up. */
export class Lists {
  /** Items of each list in all, by protocol, command and resource. */
  readonly #totals = new Map<string, number>();
  #protocolCount: number | undefined;

  /** Adds what is wrong with a reply to the findings. */
  judge(at: CommandAt, protocolId: number, request: unknown, response: unknown, findings: string[]): void {
    const { multiPart, resource, id } = at.command;
    if (protocolId === PROTOCOL_ID.BASE && id === ATTRIBUTES) {
      const count = fieldAt(response, "attributes.protocolCount");
      if (typeof count === "number") this.#protocolCount = count;
    }
    if (!multiPart || request === undefined) return;
    const index = fieldAt(request, multiPart.index);
    const returned = fieldAt(response, multiPart.returned);
    if (typeof index !== "number" || typeof returned !== "number") return;
    if (multiPart.remaining === undefined) {
      this.#judgeProtocols(index, returned, findings);
      return;
    }
    const remaining = fieldAt(response, multiPart.remaining);
    if (typeof remaining !== "number") return;
    if (returned === 0 && remaining > 0) findings.push(`counts do not add up: none returned while ${remaining} remain`);
    const key = `${protocolId}:${id}:${resource === undefined ? "" : String(fieldAt(request, resource))}`;
    const total = this.#totals.get(key);
    if (index === 0) this.#remember(key, returned + remaining);
    else if (total !== undefined && index + returned + remaining !== total) {
      findings.push(
        `counts do not add up: ${index} skipped + ${returned} returned + ${remaining} remaining, but the first part said ${total}`,
      );
    }
  }

  /** Base's list has no count of what remains: the protocol's attributes have the total. */
  #judgeProtocols(index: number, returned: number, findings: string[]): void {
    const total = this.#protocolCount;
    if (total === undefined || index + returned <= total) return;
    findings.push(
      `counts do not add up: ${index} skipped + ${returned} returned, but PROTOCOL_ATTRIBUTES said ${total} protocols`,
    );
  }

  #remember(key: string, total: number): void {
    const [oldest] = this.#totals.keys();
    if (this.#totals.size >= MOST_LISTS && oldest !== undefined) this.#totals.delete(oldest);
    this.#totals.set(key, total);
  }
}
