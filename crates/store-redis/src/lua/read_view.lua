-- What all readings of a board begin with: the board is looked up by its name in this room, or comes with the
-- question once another room has said what is read. Then the sorted sets of the view are known.
--
-- KEYS[1]  the room's boards, such as {agon:3}:boards
-- ARGV[1]  the board's name
-- ARGV[2]  the season; empty for the present one
-- ARGV[3]  the segment; empty for the whole board
-- ARGV[4]  the board's number; empty where it is to be looked up
-- ARGV[5]  its rank mode, where the number is given
-- ARGV[6]  its order, likewise; where the season's end is cut off, then a space, from which score on, as sorted sets
--          have it, another space, and when that was reached: 8 bytes
--
-- Answers the board's line (nothing where the number was given), and what the reading has found, which is left
-- out where the board or its season is not there. Whether a board is ranked by the segment's attribute is
-- judged by who asks.
local room = string.sub(KEYS[1], 1, -7)

local function look_up()
  local line = redis.call('HGET', KEYS[1], ARGV[1])
  if not line then return {} end
  local board = cjson.decode(line)
  local view = { line = line, number = board.number }
  view.mode, view.order = board.settings.rank_mode, board.settings.order
  for _, season in ipairs(board.seasons) do
    if ARGV[2] == '' or tonumber(ARGV[2]) == season.season then
      view.season = season.season
      break
    end
  end
  view.cut_score, view.cut_reached = cut_of(board, view.season)
  return view
end

local function told()
  local order = string.match(ARGV[6], '^%a+')
  local is_cut = #ARGV[6] > #order
  return {
    number = ARGV[4], season = ARGV[2], mode = ARGV[5], order = order,
    cut_score = is_cut and string.sub(ARGV[6], #order + 2, -10),
    cut_reached = is_cut and string.sub(ARGV[6], -8),
  }
end

local view
if ARGV[4] == '' then
  view = look_up()
else
  view = told()
end
if not view.season then return { view.line or false } end

-- All ranked entries, those of the view, and what is kept of each.
local all = string.format('%sb%s:s%s', room, view.number, view.season)
local part = all
if ARGV[3] ~= '' then part = all .. ':' .. ARGV[3] end
local entries = all .. ':e'

-- How many entries of one of these sets count.
local function count_of(key)
  return size(key, view.cut_score, view.cut_reached)
end

local function answer(found)
  return { view.line or false, found }
end

-- The score by which sorted sets rank: the lower is the better one.
local function ranking(score)
  if view.order == 'desc' then return string.format('%.17g', -tonumber(score)) end
  return score
end
