-- Removes the keys of something that is gone from a board, if nobody has done so yet. Their memory is freed in
-- the background.
--
-- KEYS[1]  the room's table of what is doomed, such as {agon:3}:doomed
-- ARGV[1]  one of its fields: b7 for what a board has beside its seasons, b7:s2 for a season, b7:s2:league for
--          the segments of a season by an attribute
local room = string.sub(KEYS[1], 1, -8)
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
local board, season, attribute = string.match(ARGV[1], '^(b%d+):?(s?%d*):?(.*)$')
if season == '' then
  return redis.call('UNLINK', room .. ':' .. board .. ':hidden', room .. ':' .. board .. ':v')
end
local ranked = room .. ':' .. board .. ':' .. season
for _, part in ipairs(redis.call('SMEMBERS', ranked .. ':parts')) do
  if attribute == '' or string.sub(part, 1, #attribute + 1) == attribute .. ':' then
    redis.call('UNLINK', ranked .. ':' .. part)
    redis.call('SREM', ranked .. ':parts', part)
  end
end
if attribute == '' then redis.call('UNLINK', ranked, ranked .. ':e') end
return 1
