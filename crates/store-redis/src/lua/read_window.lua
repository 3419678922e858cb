-- Some consecutive entries of the view in this room.
--
-- ARGV[7]   around what: start; index; key; score: after all that have it; player: its entry
-- ARGV[8]   the index; the score of the key as sorted sets have it; the score; the player
-- ARGV[9]   when the key's score was reached: 8 bytes
-- ARGV[10]  entries wanted before that place
-- ARGV[11]  entries wanted from there on
-- ARGV[12]  slide: at an end of the view, as many on the other side instead
-- ARGV[13]  alone: there are no other rooms, and ranks on the whole board are wanted as well
--
-- Finds { 'ok', entries in the view, how many stand before the place, the index of the first entry here,
-- for shared ranks the score of the one before that and how many are better, for dense ranks how many
-- different scores are better than the first entry's, members, entries, players, for a segment how many stand
-- above each on the whole board }; or { 'player' } or { 'entry' }, whichever is not there.
local where, total, at = ARGV[7], count_of(part), 0
if where == 'index' then
  at = math.min(tonumber(ARGV[8]), total)
elseif where == 'key' then
  at = math.min(before(part, ARGV[8], ARGV[9]), total)
elseif where == 'score' then
  at = math.min(redis.call('ZCOUNT', part, '-inf', ranking(ARGV[8])), total)
elseif where == 'player' then
  if redis.call('HEXISTS', room .. 'players', ARGV[8]) == 0 then return answer({ 'player' }) end
  local entry = redis.call('HGET', entries, ARGV[8])
  at = entry and redis.call('ZRANK', part, string.sub(entry, 9, 16) .. ARGV[8])
  if not at or at >= total then return answer({ 'entry' }) end
end

local back, ahead = tonumber(ARGV[10]), tonumber(ARGV[11])
local first, stop = math.max(at - back, 0), math.min(at + ahead, total)
if ARGV[12] == 'slide' then
  first = math.max(0, math.min(at - back, total - back - ahead))
  stop = math.min(first + back + ahead, total)
end

local members, scores, players = {}, {}, {}
if first < stop then
  local some = redis.call('ZRANGE', part, first, stop - 1, 'WITHSCORES')
  for place = 1, #some, 2 do
    members[#members + 1], scores[#scores + 1] = some[place], some[place + 1]
    players[#players + 1] = string.sub(some[place], 9)
  end
end

local tie_score, tie_better, tiers_before = false, 0, false
if view.mode == 'shared' and first > 0 then
  tie_score = redis.call('ZRANGE', part, first - 1, first - 1, 'WITHSCORES')[2]
  tie_better = better(part, tie_score)
end
local ranks = false
if ARGV[13] == 'alone' then
  if view.mode == 'dense' and scores[1] then
    local counts = dense(part, { scores[1] })
    tiers_before = counts and counts[1]
  end
  if part ~= all then ranks = above(all, scores, members) end
end

local kept, known = {}, {}
if #players > 0 then
  kept = redis.call('HMGET', entries, unpack(players))
  known = redis.call('HMGET', room .. 'players', unpack(players))
end
return answer({ 'ok', total, at, first, tie_score, tie_better, tiers_before, members, kept, known, ranks })
