-- A transaction's part in one room: nothing of it or all of it.
--
-- KEYS[1]  the room's table of locks, such as {agon:3}:locks
-- ARGV[1]  now:     judge and write, where no other room takes part
--          prepare: judge, lock what was read, keep the writes for later
--          decide:  judge and write, and record that the whole transaction is made
--          apply:   write what was prepared
--          abort:   forget what was prepared
-- ARGV[2]  the transaction
-- ARGV[3]  for now, prepare and decide: { records, writes, counts, clock } as MessagePack
--          records: { key, field or false, what was read there, false where nothing was, true for anything }
--          writes:  commands, and { STAMPED, counter, set, member }: the member gets the counter's next number
--          counts:  { kind, set, score, member }, taken after the writes
--          clock:   the first and the last stamp that the transaction uses in this room, or false
-- ARGV[4]  for decide: the other rooms, for whoever finishes this in our place
--
-- Answers OK and the counts, or why nothing was done: CHANGED, LOCKED by whom and for how long,
-- BEHIND the clock of the room, ABORTED by somebody who had waited too long, NONE where nothing is prepared.
local locks, mode, own = KEYS[1], ARGV[1], ARGV[2]
local room = string.sub(locks, 1, -7)
local prepared, decided, clock = room .. ':tx:' .. own, room .. ':decided', room .. ':clock'

local function judge(what)
  local held = locked(locks, room, what[1], own)
  if held then return held end
  for _, record in ipairs(what[1]) do
    local found
    if record[2] then
      found = redis.call('HGET', record[1], record[2])
    else
      found = redis.call('GET', record[1])
    end
    if record[3] ~= true and found ~= record[3] then return { 'CHANGED' } end
  end
  if what[4] then
    local last = redis.call('GET', clock)
    if last and tonumber(last) >= what[4][1] then return { 'BEHIND', last } end
  end
  return nil
end

local function write(what)
  local numbers = {}
  for _, command in ipairs(what[2]) do
    if command[1] == 'STAMPED' then
      local counter = command[2]
      numbers[counter] = numbers[counter] or redis.call('INCR', counter)
      redis.call('ZADD', command[3], numbers[counter], command[4])
    else
      redis.call(unpack(command))
    end
  end
  -- Since it was prepared others may have used later ones.
  if what[4] and tonumber(redis.call('GET', clock) or 0) < what[4][2] then
    redis.call('SET', clock, string.format('%.0f', what[4][2]))
  end
  local answer = { 'OK' }
  for _, count in ipairs(what[3]) do
    answer[#answer + 1] = counted(count[1], count[2], count[3], count[4])
  end
  return answer
end

local function release(what)
  for _, record in ipairs(what[1]) do
    redis.call('HDEL', locks, lock_name(record[1], record[2]))
  end
  redis.call('DEL', prepared)
  redis.call('ZREM', room .. ':open', own)
end

if mode == 'apply' or mode == 'abort' then
  local kept = redis.call('GET', prepared)
  if not kept then return { 'NONE' } end
  local what = cmsgpack.unpack(kept)
  release(what)
  if mode == 'abort' then return { 'OK' } end
  return write(what)
end

local what = cmsgpack.unpack(ARGV[3])
if mode == 'decide' and redis.call('EXISTS', room .. ':aborted:' .. own) == 1 then return { 'ABORTED' } end
local refused = judge(what)
if refused then return refused end
if mode == 'prepare' then
  local now = redis.call('TIME')
  redis.call('ZADD', room .. ':open', now[1] * 1000 + math.floor(now[2] / 1000), own)
  redis.call('SET', prepared, ARGV[3])
  for _, record in ipairs(what[1]) do
    redis.call('HSET', locks, lock_name(record[1], record[2]), own)
  end
  return { 'OK' }
end
if mode == 'decide' then redis.call('HSET', decided, own, ARGV[4]) end
return write(what)
