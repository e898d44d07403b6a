-- For wrk: POST the requests of a file in turn; a line is a token, a tab and a body. Refusals (503) and other answers without a text are counted.
-- For each answer with 503 one connection rests for as long as it says, as a client does; which one does not matter.
local requests, place = {}, 0
local expected = os.getenv("BENCH_EXPECTED") or ""
unfit, shed = 0, 0
local rests = {}

function init(_)
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    local token, body = line:match("^([^\t]*)\t(.*)$")
    local headers = { ["Content-Type"] = "application/json" }
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

if expected ~= "" then
  function response(status, headers, body)
    if status == 503 then
      shed = shed + 1
      rests[#rests + 1] = 1000 * (tonumber(headers["Retry-After"] or headers["retry-after"]) or 1)
    elseif not body:find(expected, 1, true) then
      unfit = unfit + 1
    end
  end

  function delay()
    return table.remove(rests) or 0
  end
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency, _)
  local wrong, refused = 0, 0
  for _, thread in ipairs(threads) do
    wrong, refused = wrong + thread:get("unfit"), refused + thread:get("shed")
  end
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d, "broken": %d, "wrong": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    refused, errors.connect + errors.read + errors.write + errors.timeout, wrong))
end
