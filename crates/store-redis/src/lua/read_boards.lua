-- Boards as they are in this room.
--
-- KEYS[1]  the room's boards, such as {agon:3}:boards
-- ARGV     names
--
-- Answers for each { its line, changes that readers can see, ranked entries of the present season }, or
-- nothing where it is not there.
local room = string.sub(KEYS[1], 1, -7)
local found = {}
for place, line in ipairs(redis.call('HMGET', KEYS[1], unpack(ARGV))) do
  found[place] = false
  if line then
    local board = cjson.decode(line)
    local key = room .. 'b' .. board.number
    local season = board.seasons[1].season
    local total = size(key .. ':s' .. season, cut_of(board, season))
    found[place] = { line, redis.call('GET', key .. ':v') or '0', total }
  end
end
return found
