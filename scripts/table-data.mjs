/** The message tables as plain data: what scmi.json holds and docs/protocols.md shows. Offsets count from the payload's first byte, the
 *  status of a response included; `maxBytes` is null where only the channel is the limit.
 *  @param tables everything that src/protocols and src/wire export */
export function tableData({ PROTOCOLS, RELEASES, RELEASE_NAMES, GENERIC_STATUSES }) {
  return {
    specification: "DEN0056E",
    releases: Object.fromEntries(RELEASE_NAMES.map((it) => [it, Object.fromEntries(RELEASES[it])])),
    genericStatuses: GENERIC_STATUSES,
    protocols: PROTOCOLS.map(protocolData),
  };
}

function protocolData(protocol) {
  const { id, name, title, versions, negotiableSince } = protocol;
  const sets = versions.map((version) => ({ version, set: protocol.at(version) }));
  return {
    ...{ id, name, title, versions, negotiableSince },
    commands: protocol.commands.map((command) => {
      const {
        since: _since,
        mandatorySince,
        request: _request,
        response: _response,
        delayedResponse,
        ...rest
      } = command;
      const having = sets
        .filter(({ set }) => set.has(command))
        .map(({ version, set }) => [version, set.command(command)]);
      const { fastChannel } = rest;
      return {
        ...rest,
        since: protocol.sinceOf(command),
        mandatorySince: mandatorySince === undefined ? undefined : Math.max(mandatorySince, protocol.sinceOf(command)),
        fastChannel: fastChannel && { access: fastChannel.access, memory: fieldsData(fastChannel.memory, 0) },
        request: layoutsData(having.map(([version, it]) => [version, it.request])),
        response: layoutsData(having.map(([version, it]) => [version, it.response])),
        delayedResponse: delayedResponse && {
          ...{ name: delayedResponse.name, when: delayedResponse.when, unless: delayedResponse.unless },
          layouts: layoutsData(having.map(([version, it]) => [version, it.delayedResponse])),
        },
      };
    }),
    notifications: protocol.notifications.map((notification) => {
      const { payload: _payload, ...rest } = notification;
      const having = sets.filter(({ set }) => set.has(notification));
      const layouts = having.map(({ version, set }) => [version, set.notification(notification).payload]);
      return { ...rest, since: protocol.sinceOf(notification), payload: layoutsData(layouts) };
    }),
  };
}

/** Each layout once, with the first version that has it. */
function layoutsData(layouts) {
  const found = [];
  for (const [since, { type, statusBytes, minBytes, maxBytes, grows }] of layouts) {
    const layout = { minBytes, maxBytes: finite(maxBytes), grows, fields: fieldsData(type, statusBytes) };
    const last = found.at(-1);
    if (last && JSON.stringify({ ...last, since: undefined }) === JSON.stringify(layout)) continue;
    found.push({ since, ...layout });
  }
  return found;
}

function fieldsData({ fields }, start) {
  return fields
    .filter(({ type }) => type !== undefined)
    .map(({ name, type, offset }) => ({
      name,
      offset: offset === undefined ? null : start + offset,
      ...typeData(type),
    }));
}

function typeData(type) {
  const { kind } = type;
  switch (kind) {
    case "integer":
      return { kind: `${type.isSigned ? "i" : "u"}${type.bytes * 8}` };
    case "u64":
    case "u64n":
    case "u64x":
      return { kind: "u64" };
    case "i64x":
      return { kind: "i64" };
    case "uint":
      return { kind: "bits", width: type.width };
    case "bit":
      return { kind: "bit", position: type.position };
    case "bits":
      return { kind: "bits", fields: type.fields.filter(({ width }) => width > 0) };
    case "name":
    case "text":
    case "bytes":
    case "reserved":
      return { kind, bytes: type.bytes };
    case "tail":
      return { ...typeData(type.element), isOptional: true };
    case "when":
      return { ...typeData(type.element), isOptional: true, ...type.options };
    case "array":
      return { kind, ...type.options, element: typeData(type.element) };
    case "struct":
      // Records that end where their flags say have a greatest size, too.
      return {
        kind,
        bytes: type.minBytes,
        ...(type.maxBytes === type.minBytes ? {} : { maxBytes: finite(type.maxBytes) }),
        fields: fieldsData(type, 0),
      };
    default:
      throw new Error(`table-data: expected a type that scmi.json can hold, got ${kind}`);
  }
}

function finite(bytes) {
  return Number.isFinite(bytes) ? bytes : null;
}
