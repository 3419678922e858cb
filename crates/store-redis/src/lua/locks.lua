-- Records that a transaction over several rooms has prepared to change: nobody else changes them, or relies
-- on them, until it is known what became of it.

-- What a record is called in the table of locks. `field` is false where the record is a key of its own.
local function lock_name(key, field)
  if field then return key .. '\0' .. field end
  return key
end

-- The answer to whoever needs a record that is locked by another transaction; nil where none is. `records`
-- are pairs of key and field, `own` is the asking transaction.
local function locked(locks, room, records, own)
  if redis.call('EXISTS', locks) == 0 then return nil end
  for _, record in ipairs(records) do
    local holder = redis.call('HGET', locks, lock_name(record[1], record[2]))
    if holder and holder ~= own then
      local now = redis.call('TIME')
      local since = redis.call('ZSCORE', room .. ':open', holder)
      local age_ms = now[1] * 1000 + math.floor(now[2] / 1000) - (since or 0)
      return { 'LOCKED', holder, age_ms }
    end
  end
  return nil
end
