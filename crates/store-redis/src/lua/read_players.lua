-- Some players' entries in the view.
--
-- ARGV[7]    alone: there are no other rooms, and how they stand is wanted as well
-- ARGV[8]…   players
--
-- Finds { entries in the view, players, entries, for each whether it is ranked on the whole board, and whether
-- it is ranked in the view, then, where it is alone, for each that is ranked on the whole board, in order, how
-- many stand above it there; and for each that is ranked in the view, in order, how many stand above it there,
-- and how many have a better score }. A list of how many stand above is false where there are too many
-- different scores to count in one call.
local players = {}
for place = 8, #ARGV do players[#players + 1] = ARGV[place] end
local known, kept = {}, {}
if #players > 0 then
  known = redis.call('HMGET', room .. 'players', unpack(players))
  kept = redis.call('HMGET', entries, unpack(players))
end

-- Whether an entry of a set is cut off.
local function is_gone(score, member)
  local cut = tonumber(view.cut_score or nil)
  if not cut or tonumber(score) < cut then return false end
  return tonumber(score) > cut or not reached_before(member, view.cut_reached)
end

-- For each player whether it is in that set, and the scores and members of those that are. An entry that is cut off
-- is none.
local function ranked_in(key)
  local is_in, scores, members = {}, {}, {}
  for place, player in ipairs(players) do
    local entry = kept[place]
    local member = entry and string.sub(entry, 9, 16) .. player
    local score = member and redis.call('ZSCORE', key, member)
    if score and is_gone(score, member) then score, kept[place] = false, false end
    is_in[place] = score and 1 or 0
    if score then
      scores[#scores + 1], members[#members + 1] = score, member
    end
  end
  return is_in, scores, members
end

local found = { count_of(part), known, kept }
local in_all, all_scores, all_members = ranked_in(all)
local in_part, part_scores, part_members = in_all, all_scores, all_members
if part ~= all then in_part, part_scores, part_members = ranked_in(part) end
found[4], found[5] = in_all, in_part
if ARGV[7] == 'alone' then
  found[6] = above(all, all_scores, all_members)
  found[7] = found[6]
  if part ~= all then found[7] = above(part, part_scores, part_members) end
  found[8] = {}
  for place, score in ipairs(part_scores) do found[8][place] = better(part, score) end
end
return answer(found)
