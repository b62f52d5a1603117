local scmi = Proto("scmi", "System Control and Management Interface")

-- Fields -------------------------------------------------------------------------------------------------------------

local CONSTRUCTORS = {
  u8 = ProtoField.uint8, u16 = ProtoField.uint16, u32 = ProtoField.uint32, u64 = ProtoField.uint64,
  i32 = ProtoField.int32, i64 = ProtoField.int64, string = ProtoField.string, bytes = ProtoField.bytes,
  flag = ProtoField.bool, group = ProtoField.none,
}
local fields, byAbbreviation = {}, {}

-- One ProtoField for each name and type; the same name with another type gets the type behind it.
local function fieldOf(abbreviation, type, title)
  local key = abbreviation .. "/" .. type
  if fields[key] then return fields[key] end
  local taken = byAbbreviation[abbreviation]
  local unique = taken and abbreviation .. "_" .. type or abbreviation
  byAbbreviation[unique] = true
  local made = CONSTRUCTORS[type](unique, title)
  fields[key] = made
  return made
end

local f = {
  direction = ProtoField.uint8("scmi.direction", "Direction", base.DEC, DIRECTIONS),
  framing = ProtoField.uint8("scmi.framing", "Framing", base.DEC, FRAMINGS),
  role = ProtoField.uint8("scmi.role", "Kind", base.DEC, ROLES),
  instance = ProtoField.uint16("scmi.instance", "SCMI instance"),
  channel = ProtoField.uint16("scmi.channel", "Channel"),
  version = ProtoField.uint32("scmi.version", "Protocol version", base.HEX),
  refusal = ProtoField.uint8("scmi.refusal", "Refused as", base.DEC, REFUSALS),
  header = ProtoField.uint32("scmi.header", "Header", base.HEX),
  token = ProtoField.uint32("scmi.token", "Token", base.DEC, nil, 0x0ffc0000),
  protocol = ProtoField.uint32("scmi.protocol", "Protocol", base.HEX, PROTOCOL_TITLES, 0x0003fc00),
  type = ProtoField.uint32("scmi.type", "Message type", base.DEC, TYPES, 0x00000300),
  id = ProtoField.uint32("scmi.message_id", "Message id", base.HEX, nil, 0x000000ff),
  message = ProtoField.string("scmi.message", "Message"),
  status = ProtoField.int32("scmi.status", "Status", base.DEC, STATUSES),
  payload = ProtoField.bytes("scmi.payload", "Payload"),
  rest = ProtoField.bytes("scmi.rest", "Further bytes"),
  domain = ProtoField.uint32("scmi.fast_channel.domain", "Domain"),
  word = ProtoField.uint32("scmi.fast_channel.value", "Value"),
  request = ProtoField.framenum("scmi.request_in", "Command in", base.NONE, frametype.REQUEST),
  latency = ProtoField.relative_time("scmi.latency", "Time since the command"),
}
local short = ProtoExpert.new("scmi.short", "The payload ends early", expert.group.MALFORMED, expert.severity.WARN)
local refused = ProtoExpert.new("scmi.refused", "The receiver refused it", expert.group.SEQUENCE, expert.severity.WARN)
scmi.experts = { short, refused }
local all = {}
for _, field in pairs(f) do all[#all + 1] = field end

local function declare(list, prefix)
  for _, it in ipairs(list) do
    local abbreviation = prefix .. "." .. it.name
    if it.kind == "bits" or it.kind == "struct" then
      fieldOf(abbreviation, "group", it.name)
      declare(it.fields, abbreviation)
    elseif it.kind == "array" then
      fieldOf(abbreviation, "group", it.name)
      declare({ it.element }, prefix)
    elseif it.kind ~= "reserved" then
      fieldOf(abbreviation, it.kind, it.name)
    end
  end
end

-- Reading ------------------------------------------------------------------------------------------------------------

local SIZES = { u8 = 1, u16 = 2, u32 = 4, u64 = 8, i32 = 4, i64 = 8 }

local function text(range)
  local bytes = range:bytes()
  local length = 0
  while length < bytes:len() and bytes:get_index(length) ~= 0 do length = length + 1 end
  return length == 0 and "" or range(0, length):string()
end

local function bitsOf(word, first, width, isSigned)
  local value = bit32 and bit32.extract(word, first, width) or bit.band(bit.rshift(word, first), bit.lshift(1, width) - 1)
  if value < 0 then value = value + 4294967296 end
  if isSigned and value >= 2 ^ (width - 1) then value = value - 2 ^ width end
  return value
end

-- Returns where the field ends, or nil when the payload ends first. `values` holds what later fields ask for, by path.
local read

local function readAll(list, tree, payload, at, prefix, values, path)
  local start = at
  for _, it in ipairs(list) do
    local wanted = not it.when or (values[it.when] and values[it.when] ~= 0)
    if it.unless and values[it.unless] and values[it.unless] ~= 0 then wanted = false end
    if it.optional and not it.when and at >= payload:len() then wanted = false end
    if wanted then
      at = read(it, tree, payload, at, prefix, values, path)
      if not at then return nil end
    end
  end
  return at, start
end

local function readArray(it, tree, payload, at, prefix, values)
  local count = it.count and values[it.count]
  if it.whole and values[it.whole.when] == 1 and (values[it.whole.unless] or 0) == 0 then count = it.whole.count end
  local start, index = at, 0
  local group = tree:add(fieldOf(prefix .. "." .. it.name, "group", it.name), payload(at))
  while (count and index < count) or (not count and at < payload:len() and (not it.max or index < it.max)) do
    at = read(it.element, group, payload, at, prefix, {}, "")
    if not at then return nil end
    index = index + 1
  end
  group:set_text(it.name .. ": " .. index)
  if at > start then group:set_len(at - start) end
  if it.align then at = math.min(start + math.ceil((at - start) / it.align) * it.align, payload:len()) end
  return at
end

read = function(it, tree, payload, at, prefix, values, path)
  local abbreviation = prefix .. "." .. it.name
  local key = path .. it.name
  if it.kind == "array" then
    if at >= payload:len() then return (it.count and (values[it.count] or 0) > 0) and nil or at end
    return readArray(it, tree, payload, at, prefix, values)
  end
  if it.kind == "struct" then
    if at >= payload:len() then return nil end
    local group = tree:add(fieldOf(abbreviation, "group", it.name), payload(at))
    group:set_text(it.name)
    local stop = readAll(it.fields, group, payload, at, abbreviation, {}, "")
    if stop and stop > at then group:set_len(stop - at) end
    return stop
  end
  local size = it.bytes or SIZES[it.kind] or 4
  if it.kind == "string" then size = math.min(size, payload:len() - at) end
  if at + size > payload:len() or size < 0 then return nil end
  if it.kind == "reserved" then return at + size end
  if size == 0 then return at end
  local range = payload(at, size)
  if it.kind == "bits" then
    local word = range:le_uint()
    local group = tree:add(fieldOf(abbreviation, "group", it.name), range)
    group:set_text(string.format("%s: 0x%08x", it.name, word))
    for _, part in ipairs(it.fields) do
      local value = bitsOf(word, part.first, part.width, part.signed)
      values[key .. "." .. part.name] = value
      local type = part.kind
      if type == "flag" then value = value ~= 0 end
      group:add(fieldOf(abbreviation .. "." .. part.name, type, part.name), range, value)
    end
  elseif it.kind == "string" then
    tree:add(fieldOf(abbreviation, "string", it.name), range, text(range))
  elseif it.kind == "bytes" then
    tree:add(fieldOf(abbreviation, "bytes", it.name), range)
  elseif it.first then
    local value = bitsOf(range:le_uint(), it.first, it.width, false)
    values[key] = value
    if it.kind == "flag" then value = value ~= 0 end
    tree:add(fieldOf(abbreviation, it.kind, it.name), range, value)
  else
    if size <= 4 then values[key] = range:le_uint() end
    tree:add_le(fieldOf(abbreviation, it.kind, it.name), range)
  end
  return at + size
end

-- The layout of the version, or the newest when the version is not known.
local function layoutOf(layouts, version)
  local found
  for _, layout in ipairs(layouts or {}) do
    if version == 0 or layout.since <= version or not found then found = layout end
  end
  return found
end

for _, protocol in pairs(PROTOCOLS) do
  for _, table in ipairs({ protocol.commands, protocol.notifications }) do
    for _, message in pairs(table) do
      for _, layouts in ipairs({ message.request or {}, message.response or {}, message.delayed or {}, message.payload or {} }) do
        for _, layout in ipairs(layouts) do declare(layout.fields, "scmi." .. protocol.name) end
      end
    end
  end
end
for _, field in pairs(fields) do all[#all + 1] = field end
scmi.fields = all

-- Dissecting ---------------------------------------------------------------------------------------------------------

local COMMAND, RESPONSE, DELAYED, NOTIFICATION, FAST = 0, 1, 2, 3, 4
local open, requestOf = {}, {}

function scmi.init()
  open, requestOf = {}, {}
end

function scmi.dissector(buffer, pinfo, tree)
  if buffer:len() < PSEUDO_BYTES + 4 or buffer(0, 1):uint() ~= 1 then return 0 end
  pinfo.cols.protocol = "SCMI"
  local direction, role = buffer(PSEUDO_DIRECTION, 1):uint(), buffer(PSEUDO_ROLE, 1):uint()
  local version = buffer(PSEUDO_VERSION, 4):le_uint()
  local instance, refusal = buffer(PSEUDO_INSTANCE, 2):le_uint(), buffer(PSEUDO_REFUSAL, 1):uint()
  local headerRange = buffer(PSEUDO_BYTES, 4)
  local header = headerRange:le_uint()
  local token, protocolId, id = bitsOf(header, 18, 10), bitsOf(header, 10, 8), bitsOf(header, 0, 8)
  local protocol = PROTOCOLS[protocolId]
  local messages = protocol and (role == NOTIFICATION and protocol.notifications or protocol.commands) or {}
  local message = messages[id]
  local name = message and (role == DELAYED and message.delayedName or message.name) or string.format("0x%02x", id)

  local root = tree:add(scmi, buffer(), "SCMI " .. name .. ", " .. (ROLES[role] or "?"))
  root:add(f.direction, buffer(PSEUDO_DIRECTION, 1))
  root:add(f.framing, buffer(PSEUDO_FRAMING, 1))
  root:add(f.role, buffer(PSEUDO_ROLE, 1))
  root:add_le(f.instance, buffer(PSEUDO_INSTANCE, 2))
  root:add_le(f.channel, buffer(PSEUDO_CHANNEL, 2))
  if version ~= 0 then root:add_le(f.version, buffer(PSEUDO_VERSION, 4)) end
  local head = root:add_le(f.header, headerRange)
  head:add_le(f.token, headerRange)
  head:add_le(f.protocol, headerRange)
  head:add_le(f.type, headerRange)
  head:add_le(f.id, headerRange)
  root:add(f.message, headerRange, name):set_generated()

  pinfo.cols.src = direction == 0 and "agent" or "platform"
  pinfo.cols.dst = direction == 0 and "platform" or "agent"
  local info = string.format("%s %s", name, ROLES[role] or "?")
  if role ~= FAST then info = info .. string.format(", token %d", token) end

  local key = instance .. ":" .. token
  if not pinfo.visited then
    if role == COMMAND then
      open[key] = { number = pinfo.number, time = pinfo.abs_ts, header = header }
    elseif role == RESPONSE or role == DELAYED then
      local request = open[key]
      if request and bitsOf(request.header, 10, 8) == protocolId and bitsOf(request.header, 0, 8) == id then
        requestOf[pinfo.number] = request
      end
    end
  end
  local request = requestOf[pinfo.number]
  if request then
    root:add(f.request, request.number):set_generated()
    local seconds = pinfo.abs_ts - request.time
    root:add(f.latency, NSTime.new(math.floor(seconds), math.floor((seconds % 1) * 1e9 + 0.5))):set_generated()
  end

  local payload = buffer:len() > PSEUDO_BYTES + 4 and buffer(PSEUDO_BYTES + 4):tvb() or nil
  local length = payload and payload:len() or 0
  local at, status = 0, 0
  if (role == RESPONSE or role == DELAYED) and length >= 4 then
    status = payload(0, 4):le_int()
    root:add_le(f.status, payload(0, 4))
    info = info .. ", " .. (STATUSES[status] or tostring(status))
    at = 4
  end
  if refusal ~= 0 then
    root:add(f.refusal, buffer(PSEUDO_REFUSAL, 1))
    root:add_proto_expert_info(refused, REFUSALS[refusal])
    info = info .. ", refused as " .. (REFUSALS[refusal] or "?")
  end
  pinfo.cols.info = info

  if role == FAST then
    if length >= 4 then root:add_le(f.domain, payload(0, 4)) end
    for word = 4, length - 4, 4 do root:add_le(f.word, payload(word, 4)) end
    return buffer:len()
  end
  local layouts = message and (role == COMMAND and message.request or role == RESPONSE and message.response
    or role == DELAYED and message.delayed or role == NOTIFICATION and message.payload)
  local layout = layoutOf(layouts, version)
  if layout and status == 0 and payload then
    local stop = readAll(layout.fields, root, payload, at, "scmi." .. protocol.name, {}, "")
    if not stop then
      root:add_proto_expert_info(short)
      root:add(f.payload, payload())
    elseif stop < length then
      root:add(f.rest, payload(stop))
    end
  elseif layout and status == 0 and #layout.fields > 0 then
    root:add_proto_expert_info(short)
  elseif at < length then
    root:add(f.payload, payload(at))
  end
  return buffer:len()
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, scmi)
