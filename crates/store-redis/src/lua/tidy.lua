-- Removes some of the keys of something that is gone from a board. Their memory is freed in the background.
--
-- KEYS[1]  the room's table of what is doomed, such as {agon:3}:doomed
-- ARGV[1]  one of its fields: b7 for what a board has beside its seasons, b7:s2 for a season, b7:s2:league for
--          the segments of a season by an attribute
-- ARGV[2]  what that field said: another one is of keys that were made and doomed anew
-- ARGV[3]  how many segments to look at
-- ARGV[4]  where to go on, 0 at the beginning of a pass
-- ARGV[5]  clean where this pass has found nothing to remove so far
--
-- Answers where to go on, and 1 where something was found; nothing where all is removed, by this call or by
-- somebody else. The field goes only at the end of a pass that took one call or has found nothing: a place to go
-- on may mean nothing to a server that has taken the place of another.
local room = string.sub(KEYS[1], 1, -8)
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return {} end
local board, season, attribute = string.match(ARGV[1], '^(b%d+):?(s?%d*):?(.*)$')

local function finish(...)
  if select('#', ...) > 0 then redis.call('UNLINK', ...) end
  redis.call('HDEL', KEYS[1], ARGV[1])
  return {}
end

if season == '' then
  return finish(room .. ':' .. board .. ':hidden', room .. ':' .. board .. ':v')
end
local ranked = room .. ':' .. board .. ':' .. season
local parts = ranked .. ':parts'
local answer = redis.call('SSCAN', parts, ARGV[4], 'COUNT', ARGV[3])
local found = 0
for _, part in ipairs(answer[2]) do
  if attribute == '' or string.sub(part, 1, #attribute + 1) == attribute .. ':' then
    redis.call('UNLINK', ranked .. ':' .. part)
    redis.call('SREM', parts, part)
    found = 1
  end
end
local has_seen_all = ARGV[4] == '0' or (ARGV[5] == 'clean' and found == 0)
if answer[1] ~= '0' or not has_seen_all then return { answer[1], found } end
if attribute == '' then return finish(ranked, ranked .. ':e') end
return finish()
