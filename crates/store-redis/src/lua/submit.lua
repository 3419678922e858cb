-- One submission to a board without a limit of entries, judged and made in one room.
--
-- KEYS[1]   the room's table of locks, such as {agon:3}:locks
-- ARGV[1]   the board's name
-- ARGV[2]   the player, 16 bytes
-- ARGV[3]   the score, a double of 8 bytes
-- ARGV[4]   sum, best, last, or nothing for the board's own operator
-- ARGV[5]   if_score: nothing, none for an entry that must not be there, or a double of 8 bytes
-- ARGV[6]   what the entry keeps of the submission, if it is applied
-- ARGV[7]   a stamp that is later than all that the node has seen
-- ARGV[8]   the room's number
-- ARGV[9]   the time of the request in milliseconds
-- ARGV[10]  the key of the guard's answer without the room's tag, or nothing where there is no guard
-- ARGV[11]  the beginning of that answer, up to what the submission did
-- ARGV[12]  for how long answers count, in milliseconds
-- ARGV[13]  for how long they are kept
--
-- Scores are kept in sorted sets so that less is better. A guard's answer says the ranks, so one comes here
-- only where this room is the whole store.
--
-- Answers what was done, or why nothing was: SLOW where the board asks for more than this script does, ENDED
-- where the season ought to have ended, KEPT with the answer that was given to the guard before.
local locks, name, player = KEYS[1], ARGV[1], ARGV[2]
local room = string.sub(locks, 1, -7)
local players, boards = room .. ':players', room .. ':boards'
local guard = ARGV[10] ~= '' and room .. ':' .. ARGV[10]
local now_ms = tonumber(ARGV[9])

local function double(bytes)
  return (struct.unpack('>d', bytes))
end

local records = { { boards, name }, { players, player } }
if guard then records[3] = { guard, false } end
local held = locked(locks, room, records, '')
if held then return held end

if guard then
  local kept = redis.call('GET', guard)
  if kept and now_ms - cjson.decode(kept).at_ms < tonumber(ARGV[12]) then return { 'KEPT', kept } end
end

local line = redis.call('HGET', boards, name)
if not line then return { 'NO_BOARD' } end
line = cjson.decode(line)
local settings, season = line.settings, line.seasons[1].season
if type(settings.max_entries) == 'number' or settings.rank_mode == 'dense' or line.cuts then return { 'SLOW' } end
if line.ends_at_ms and now_ms >= line.ends_at_ms then return { 'ENDED' } end
local profile = redis.call('HGET', players, player)
if not profile then return { 'NO_PLAYER' } end

local board = room .. ':b' .. string.format('%d', line.number)
local ranked = board .. ':s' .. string.format('%d', season)
local entries, hides = ranked .. ':e', board .. ':hidden'
held = locked(locks, room, { { entries, player }, { hides, player } }, '')
if held then return held end

local entry = redis.call('HGET', entries, player)
local hidden = redis.call('HEXISTS', hides, player) == 1
local previous = entry and double(entry)

-- What the submission comes to: the score, and whether the entry is of this submission then.
local function judge()
  local expected, submitted = ARGV[5], double(ARGV[3])
  if expected ~= '' then
    local wanted = expected ~= 'none' and double(expected)
    if wanted ~= previous then return nil, { 'OTHER_SCORE', entry and string.sub(entry, 1, 8) } end
  end
  local operator = ARGV[4] ~= '' and ARGV[4] or settings.operator
  local score, applied = submitted, true
  if previous and operator == 'sum' then
    -- Zero is added so that it is never the negative one.
    score = previous + submitted + 0
    if score == math.huge or score == -math.huge then return nil, { 'OVERFLOW' } end
  elseif previous and operator == 'best' then
    local better = submitted > previous
    if settings.order == 'asc' then better = submitted < previous end
    if not better then score, applied = previous, false end
  end
  local low, high = settings.min_score, settings.max_score
  local allowed = (type(low) ~= 'number' or score >= low) and (type(high) ~= 'number' or score <= high)
  if applied and not allowed then return nil, { 'OUT_OF_BOUNDS', struct.pack('>d', score) } end
  return score, applied
end

local score, applied = judge()
if not score then return applied end

local function weight(of)
  if settings.order == 'desc' then of = 0 - of end
  return string.format('%.17g', of)
end

-- How many entries of this room rank above one, by the board's mode.
local function above(of, member)
  if settings.rank_mode == 'shared' then return better(ranked, weight(of)) end
  return redis.call('ZRANK', ranked, member)
end

local stamp = tonumber(ARGV[7])
local old = entry and string.sub(entry, 9, 16) .. player
local new = old
local above_before, above_after = false, false
if entry and not hidden then above_before = above(previous, old) end

local function move(key)
  if old then redis.call('ZREM', key, old) end
  redis.call('ZADD', key, weight(score), new)
end

-- A segment that is being built is noted each time: the entry may stand in none that is noted yet, and
-- whoever builds them may give up before it comes to it.
local function move_in_segments(attributes, value_of, are_built)
  for _, attribute in ipairs(attributes or {}) do
    local value = value_of(attribute)
    if value then
      local part = attribute .. ':' .. value
      move(ranked .. ':' .. part)
      if not (old and are_built) then redis.call('SADD', ranked .. ':parts', part) end
    end
  end
end

local function move_everywhere()
  move(ranked)
  if #settings.segments == 0 and not line.building then return end
  local of = cjson.decode(profile)
  local function value_of(attribute)
    if attribute == 'country' then return of.country end
    return of.attributes and of.attributes[attribute]
  end
  move_in_segments(settings.segments, value_of, true)
  move_in_segments(line.building, value_of, false)
end

local function take_stamp()
  local last = redis.call('GET', room .. ':clock')
  if last and tonumber(last) >= stamp then stamp = tonumber(last) + 1 end
  redis.call('SET', room .. ':clock', string.format('%.0f', stamp))
  local high, low = math.floor(stamp / 1048576), (stamp % 1048576) * 4096 + tonumber(ARGV[8])
  return struct.pack('>I4I4', high, low)
end

if applied then
  local reached = entry and string.sub(entry, 9, 16)
  -- An entry that keeps its score keeps its place among its ties.
  if score ~= previous then
    reached = take_stamp()
    new = reached .. player
    if not hidden then move_everywhere() end
  end
  redis.call('HSET', entries, player, struct.pack('>d', score) .. reached .. ARGV[6])
  redis.call('INCR', board .. ':v')
end
if not hidden then above_after = above(score, new) end
local total = redis.call('ZCARD', ranked)

if guard then
  local function number(of, more)
    return of and string.format('%.17g', of + more) or 'null'
  end
  local answer = ARGV[11] .. '{"score":' .. number(score, 0)
    .. ',"previous_score":' .. number(previous, 0)
    .. ',"rank":' .. number(above_after, 1)
    .. ',"previous_rank":' .. number(above_before, 1)
    .. ',"total":' .. number(total, 0)
    .. ',"applied":' .. tostring(applied)
    .. ',"season":' .. number(season, 0) .. '}}}'
  redis.call('SET', guard, answer, 'PX', ARGV[13])
end

return {
  'OK', struct.pack('>d', score), entry and string.sub(entry, 1, 8), above_after, above_before, total,
  applied and 1 or 0, season, line.number, settings.order, settings.rank_mode, old, new,
  string.format('%.0f', stamp),
}
