-- The record of a migration into a store that is not there yet. As long as it stands nobody makes or opens one.
--
-- KEYS[1]  where it is written what a store is, such as {agon:0}:store
-- ARGV[1]  begin: write the record, unless there is one or a store; answers BEGUN, or STORE, or THERE and the record
--          step:  replace the record
--          end:   make the store and remove the record
-- ARGV[2]  for begin and step: the record; for end: what the store is
-- ARGV[3]  for step and end: the source of the migration that does it, which has to be that of the record
--
-- Step and end answer OK, also when they are asked for again, or OTHER with what is there instead.
local store, mode = KEYS[1], ARGV[1]
local marker = string.sub(store, 1, -6) .. 'migration'
local there = redis.call('GET', marker)

if mode == 'begin' then
  if there then return { 'THERE', there } end
  if redis.call('EXISTS', store) == 1 then return { 'STORE' } end
  redis.call('SET', marker, ARGV[2])
  return { 'BEGUN' }
end

if not there then
  if mode == 'end' and redis.call('GET', store) == ARGV[2] then return { 'OK' } end
  return { 'OTHER' }
end
if cjson.decode(there).source ~= ARGV[3] then return { 'OTHER', there } end
if mode == 'step' then
  redis.call('SET', marker, ARGV[2])
else
  redis.call('SET', store, ARGV[2])
  redis.call('DEL', marker)
end
return { 'OK' }
