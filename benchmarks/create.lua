-- wrk: create messages with the form and credentials of the environment; many senders, many phones.
local seeded = 0
function setup(thread)
  thread:set("seed", seeded)
  seeded = seeded + 1
end

function init()
  math.randomseed(os.time() + seed * 7919)
  wrk.method = "POST"
  wrk.headers["Authorization"] = os.getenv("BENCH_AUTHORIZATION")
  wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
  senders = tonumber(os.getenv("BENCH_SENDERS") or "20")
  rest = "&Body=Your+appointment+is+tomorrow+at+10%3A30." .. (os.getenv("BENCH_FORM") or "")
end

function request()
  local to = 2000000 + math.random(0, 7999999)
  local from = 3000000 + math.random(0, senders - 1)
  return wrk.format(nil, nil, nil, "To=%2B1212" .. to .. "&From=%2B1415" .. from .. rest)
end

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %d %d %d %.3f %.3f\n", summary.requests, failed, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
